"""Folds share no subject and lose nobody."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from records import no_labels

from affect_jax.data.folds import FoldConfig, complement, overlap, take_fold
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
    held, rest = take_fold(source, FoldConfig(1, 4)), take_fold(source, FoldConfig(1, 4, complement=True))
    inside, outside = ({e.subject for e in part.examples} for part in (held, rest))
    assert not inside & outside and len(inside | outside) == 40
    names = sorted(e.name for part in (held, rest) for e in part.examples)
    assert names == sorted(e.name for e in source.examples)
    assert (held.image(0) == int(held.examples[0].name.removesuffix(".jpg"))).all()
    together = sum(len(take_fold(source, FoldConfig(k, 4)).examples) for k in range(4))
    assert together == 200 and take_fold(source, FoldConfig()) is source


def test_a_fold_that_divides_nobody_says_so(caplog):
    source = Photographs()
    for example in source.examples:
        object.__setattr__(example, "subject", "")
    assert len(take_fold(source, FoldConfig(0, 4)).examples) == 200  # the hash of no name is 0
    assert "fold 0 of 4 has no effect: it holds all 200 examples; the data set has 1 subjects" in caplog.text


def test_an_empty_fold_is_named():
    with pytest.raises(ValueError, match="fold .* of 1000 is empty: the data set has 40 subjects; choose fewer folds"):
        for index in range(1000):
            take_fold(Photographs(), FoldConfig(index, 1000))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"index": 4, "of": 4}, "fold.index is 4; expected 0 to 3, because fold.of is 4"),
        ({"index": -1, "of": 4}, "fold.index is -1; expected 0 to 3"),
        ({"of": 0}, "fold.of is 0; expected the number of folds, at least 1"),
        ({"complement": True}, "fold.complement of the whole data set leaves nobody; set fold.of to 2 or more"),
    ],
)
def test_a_fold_that_is_none_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        FoldConfig(**options)


FOLDS = [FoldConfig(index, of) for of in (1, 2, 3, 4, 6, 16) for index in range(of)]
FOLDS += [FoldConfig(fold.index, fold.of, complement=True) for fold in FOLDS if fold.of > 1]


def members(fold, count=48):
    """The residues of a fold, one by one; 48 is a multiple of every count above."""
    inside = {residue for residue in range(count) if residue % fold.of == fold.index}
    return set(range(count)) - inside if fold.complement else inside


def test_folds_overlap_where_they_share_a_residue():
    for one, other in itertools.product(FOLDS, FOLDS):
        assert overlap(one, other) == bool(members(one) & members(other)), (one, other)
    last_of_5 = FoldConfig(4, 5)
    assert overlap(complement(last_of_5), FoldConfig(0, 5)) and overlap(FoldConfig(1, 3), FoldConfig(0, 5))
    assert overlap(FoldConfig(0, 16), FoldConfig(0, 4))
    assert not overlap(last_of_5, complement(last_of_5)) and not overlap(FoldConfig(0, 16), FoldConfig(1, 4))
    assert overlap(FoldConfig(0, 999999937), FoldConfig(5, 999999929))  # without a list of all residues


def test_the_complement_of_a_fold_is_everybody_else():
    for fold in FOLDS[1:]:
        assert members(complement(fold)) == members(FoldConfig()) - members(fold)
    with pytest.raises(ValueError, match="leaves nobody"):
        complement(FoldConfig())


def test_a_fold_in_words_and_as_settings_that_make_it_again():
    assert [str(fold) for fold in (FoldConfig(), FoldConfig(0, 8), FoldConfig(0, 8, True))] == [
        "all subjects",
        "fold 0 of 8",
        "all but fold 0 of 8",
    ]
    for fold in FOLDS:
        options = {name.removeprefix("fold."): json.loads(value) for name, value in fold.settings().items()}
        assert FoldConfig(**options) == fold
