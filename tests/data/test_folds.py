"""Folds share no subject and lose nobody."""

import dataclasses
import itertools

import numpy as np
import pytest
from records import no_labels

from affect_jax.data.folds import complement, fold, overlap
from affect_jax.data.source import label_row
from affect_jax.types import Example


@dataclasses.dataclass
class Photographs:
    label_set = "affectnet_8"

    def __post_init__(self):
        labels = label_row(no_labels(1, 8), 0)
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


FOLDS = ["", *(f"{sign}{k}/{n}" for n in (1, 2, 3, 4, 6, 16) for k in range(n) for sign in ("", "-"))]


def members(part, count=48):
    """The residues of a fold, one by one; 48 is a multiple of every count above."""
    if not part:
        return set(range(count))
    number, _, parts = part.removeprefix("-").partition("/")
    inside = {residue for residue in range(count) if residue % int(parts) == int(number)}
    return set(range(count)) - inside if part.startswith("-") else inside


def test_folds_overlap_where_they_share_a_residue():
    for one, other in itertools.product(FOLDS, FOLDS):
        assert overlap(one, other) == bool(members(one) & members(other)), (one, other)
    assert overlap("-4/5", "0/5") and overlap("1/3", "0/5") and overlap("0/16", "0/4")
    assert not overlap("4/5", "-4/5") and not overlap("0/16", "1/4")
    assert overlap("0/999999937", "5/999999929")  # without a list of all residues


def test_the_complement_of_a_fold_is_everybody_else():
    for part in FOLDS[1:]:
        assert members(complement(part)) == members("") - members(part)
    with pytest.raises(ValueError, match="the whole source: there is nobody else"):
        complement("")
    with pytest.raises(ValueError, match="expected 'k/n'"):
        overlap("1/3", "3/3")
