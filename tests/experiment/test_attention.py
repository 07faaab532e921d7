"""Attention of a network, from batches to plot and statistics, with a network that knows the labels."""

import json

import jax.numpy as jnp
import matplotlib.image
import numpy as np
import pytest

from affect_jax.data.loader import evaluation_batches
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.experiment import attention
from affect_jax.experiment.config.errors import UsageError
from affect_jax.ops.heatmap import render_heatmaps
from affect_jax.types import Predictions

pytestmark = pytest.mark.slow  # whole runs

CROP_PX, MAP_PX = 64, 16


@pytest.fixture(scope="module")
def source():
    return rendered(RenderedConfig(split="test", subjects=2, per_subject=3, size_px=48))


def batches(source):
    return evaluation_batches(source, crop_px=CROP_PX, batch=4, threads=1)


def knowing(shift_px=0.0):
    """A network that puts its heatmaps `shift_px` to the right of the labels; its first module sees nothing."""

    def predict(batch):
        places = jnp.asarray(batch.labels["landmarks"].value + np.float32([shift_px, 0]))
        maps = render_heatmaps(places, CROP_PX, MAP_PX, 1.0)
        return Predictions(landmarks=jnp.stack([jnp.zeros_like(maps), maps], axis=-4))

    return predict


def test_a_network_that_knows_the_truth_looks_at_the_face(source):
    shown, measured = attention.measure_faces(knowing(), batches(source), source, count=3)
    assert [face.name for face in shown] == [source.examples[index].name for index in (0, 2, 5)]  # 2.5 rounds to 2
    assert len(measured) == 6  # padding of the second batch is not measured
    assert all(face.nme < 0.01 and face.share > 0.8 and face.area < 0.4 for face in measured)
    found = attention.summarize(measured)
    assert found["faces"] == found["nme_faces"] == 6
    assert found["mask_on_face"] == pytest.approx(np.mean([face.share for face in measured]))
    assert found["mask_on_face_least"] == min(face.share for face in measured)


def test_heatmaps_beside_the_face_raise_the_error_and_lower_the_share(source):
    _, measured = attention.measure_faces(knowing(shift_px=4.0), batches(source), source, count=1)
    for face, batch_labels in zip(
        measured, (labels for b in batches(source) for labels in b.labels["landmarks"].value), strict=False
    ):
        between_eyes = np.linalg.norm(batch_labels[36] - batch_labels[45])
        assert face.nme == pytest.approx(4 / between_eyes, rel=0.05)
    _, far = attention.measure_faces(knowing(shift_px=40.0), batches(source), source, count=1)
    assert max(face.share for face in far) < 0.5 < min(face.share for face in measured)


def test_the_sentence_says_what_is_known():
    known = attention.FaceMeasures(nme=0.04, share=0.9, area=0.3)
    text = attention.describe(attention.summarize([known, attention.FaceMeasures()]))
    assert text == "NME 0.0400 over 1 faces; 90% of the mask on the face, which is 30% of the crop"
    assert attention.describe(attention.summarize([attention.FaceMeasures()])) == "1 faces without labeled landmarks"
    blind = attention.summarize([attention.FaceMeasures(nme=0.04, area=0.3)])
    assert attention.describe(blind).endswith("the mask is nowhere positive")


def test_a_run_is_drawn_and_measured_from_its_workdir(static_run, tmp_path):
    settings = ["subjects=1", "per_subject=3"]
    found = attention.attention(static_run, "rendered", "", "test", settings, tmp_path / "new" / "look.png", 2)
    assert json.loads((tmp_path / "new" / "look.json").read_text()) == found
    assert found["faces"] == 3 and len(found["shown"]) == 2
    assert matplotlib.image.imread(tmp_path / "new" / "look.png").shape[2] == 4
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["look.json", "look.png"]
    with pytest.raises(UsageError, match=r"look.jpg: expected the name of a PNG file"):
        attention.attention(static_run, "rendered", "", "test", settings, tmp_path / "look.jpg", 2)


def test_heatmaps_that_are_not_finite_are_refused(source):
    broken = lambda batch: Predictions(landmarks=knowing()(batch)["landmarks"] * np.float32(np.nan))
    with pytest.raises(ValueError, match="heatmaps that are not finite; its training has diverged"):
        attention.measure_faces(broken, batches(source), source, 1)
