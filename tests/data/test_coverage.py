import numpy as np
import pytest
from records import no_labels

from affect_jax.data.coverage import check_emotions, emotion_counts
from affect_jax.data.gray_images import GrayImages
from affect_jax.data.readers.lists import image_table, one_hot


def faces(named, label_set="affectnet_8", count=8, weight=1):
    labels = no_labels(len(named), count)
    labels["emotion"].value[:], labels["emotion"].weight[:] = one_hot(named, count), weight
    names = [str(number) for number in range(len(named))]
    return GrayImages(label_set, image_table(names, names, labels), np.zeros((len(named), 48, 48), np.uint8))


def test_counts_are_by_the_likeliest_emotion_of_labeled_examples():
    source = faces([0, 0, 3, 5])
    source.examples.labels["emotion"].value[0] = [0.4, 0, 0.6, 0, 0, 0, 0, 0]
    source.examples.labels["emotion"].weight[3] = 0
    assert emotion_counts(source) == {
        **dict.fromkeys(("neutral", "sad", "surprise"), 1),
        **dict.fromkeys(("happy", "fear", "disgust", "anger", "contempt"), 0),
    }


def test_an_emotion_without_examples_is_reported_with_alternatives(caplog):
    check_emotions(faces([0, 1, 2, 3, 4, 5, 6]), balanced=0.0)
    assert "no training example shows contempt: it will rarely be predicted" in caplog.text
    assert "label sets without it: affectnet_7, emonet_5" in caplog.text
    with pytest.raises(ValueError, match=r"data.balanced is 0.5, but no training example shows contempt \(neutral 1"):
        check_emotions(faces([0, 1, 2, 3, 4, 5, 6]), balanced=0.5)


def test_complete_sets_and_sets_without_emotions_pass(caplog):
    check_emotions(faces(list(range(8))), balanced=1.0)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    check_emotions(faces([0, 0], weight=0), balanced=0.0)
    assert "no training example has an emotion label" in caplog.text
