import pytest

from affect_jax.experiment.config.space import Choice, Range, Search, grid

RATE = {"rate": Range(0.1, 1.0)}


def test_a_grid_has_every_combination():
    points = grid(model__rank=(2, 4), seed=(0, 1))
    assert points == [
        {"model.rank": 2, "seed": 0},
        {"model.rank": 2, "seed": 1},
        {"model.rank": 4, "seed": 0},
        {"model.rank": 4, "seed": 1},
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Range(1.0, 1.0), r"Range\(1.0, 1.0\) is empty; expected a low end below the high end"),
        (lambda: Range(2, 1), r"Range\(2, 1\) is empty"),
        (lambda: Range("a", 1), r"Range\('a', 1\): expected two finite numbers"),
        (lambda: Range(0.0, float("inf")), "expected two finite numbers"),
        (lambda: Range(0.0, 1.0, log=True), r"Range\(0.0, 1.0\) with log=True: expected a low end above 0"),
        (lambda: Choice(()), r"Choice\(\[\]\) is empty; expected at least one value"),
        (lambda: Choice("abc"), r"Choice\('abc'\): expected a list of values"),
        (lambda: Choice((1, 2, 1)), r"Choice\(\[1, 2, 1\]\) names a value twice"),
        (lambda: Search({}, trials=1), "Search has no fields; expected"),
        (lambda: Search({"rate": (0, 1)}, trials=1), r"Search field 'rate' is \(0, 1\); expected a Range or a Choice"),
        (lambda: Search(RATE, trials=0), "Search has trials=0; expected a whole number of at least 1"),
        (lambda: Search(RATE, trials=2.5), "Search has trials=2.5; expected a whole number of at least 1"),
        (lambda: Search(RATE, 1, seed="a"), "Search has seed='a'; expected a whole number"),
        (lambda: Search(RATE, 1, sampler="tpee"), r"unknown sampler 'tpee' of Search; did you mean 'tpe'\?"),
        (lambda: Search(RATE, 1, sampler="xyz"), "unknown sampler 'xyz' of Search; choose one of tpe, random"),
        (lambda: Search(RATE, 1, prune_after=-1), "Search has prune_after=-1; expected a number of steps, or None"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
