"""Folds share no subject and lose nobody."""

import dataclasses

import numpy as np
import pytest

from affect_jax.data.folds import fold
from affect_jax.data.source import no_labels
from affect_jax.types import Example


@dataclasses.dataclass
class Photographs:
    label_set = "affectnet_8"

    def __post_init__(self):
        none = no_labels(1, 8)
        labels = dataclasses.replace(none, **{k: v[0] for k, v in vars(none).items()})
        self.examples = [Example(f"{i}.jpg", f"subject_{i % 40}", "", 0, 0.0, labels) for i in range(200)]

    def image(self, index):
        return np.full((4, 4, 3), index, np.uint8)


def test_a_fold_and_its_rest_share_no_subject_and_lose_nobody():
    source = Photographs()
    held, rest = fold(source, "1/4"), fold(source, "-1/4")
    inside, outside = ({e.subject for e in part.examples} for part in (held, rest))
    assert not inside & outside and len(inside | outside) == 40
    names = sorted(e.name for part in (held, rest) for e in part.examples)
    assert names == sorted(e.name for e in source.examples)
    assert (held.image(0) == int(held.examples[0].name.removesuffix(".jpg"))).all()
    together = sum(len(fold(source, f"{k}/4").examples) for k in range(4))
    assert together == 200 and fold(source, "") is source


@pytest.mark.parametrize("part", ["4/4", "a/b", "1", "--1/4"])
def test_a_fold_that_is_none_is_refused(part):
    with pytest.raises(ValueError, match="expected 'k/n'"):
        fold(Photographs(), part)
