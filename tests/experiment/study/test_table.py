import csv

import pytest

from affect_jax.experiment.study import table

SHARES, SEEDS = (2, 4), (0, 1, 2)


def points(label: str) -> list[dict]:
    return [
        {"label": label, "seed": seed, "data.train.rendered.fold.of": share, "initialize.workdir": f"statics/{seed}"}
        for seed in SEEDS
        for share in SHARES
    ]


def test_runs_of_one_label_that_differ_for_every_seed_alike_have_lines_of_their_own(tmp_path):
    chosen = points("inflated")
    scores = {2: (0.5, 0.6, 0.7), 4: (0.1, 0.2, 0.3)}
    rows = [
        {"run": f"{index:03d}", **point, "ccc/mean": scores[point["data.train.rendered.fold.of"]][point["seed"]]}
        for index, point in enumerate(chosen)
    ]
    table.write_seeds(rows, chosen, tmp_path / "seeds.csv")
    with (tmp_path / "seeds.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(line["label"], line["data.train.rendered.fold.of"], line["runs"]) for line in lines] == [
        ("inflated", "2", "3"),
        ("inflated", "4", "3"),
    ]
    # deviation 0.1, three values: 4.303 * 0.1 / sqrt(3) = 0.248
    assert [line["ccc/mean"] for line in lines] == ["0.600 ± 0.248", "0.200 ± 0.248"]
    assert lines[1]["ccc/mean, difference"] == "-0.400 ± 0.000"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("data.train.rendered.fold.of", True), ("initialize.workdir", False), ("frozen", False)],
)
def test_what_differs_with_the_seed_or_with_the_label_only_tells_no_runs_apart(name, expected):
    chosen = points("inflated") + [{**point, "label": "other", "frozen": "trunk/.*"} for point in points("other")]
    assert table._distinguishes(chosen, name) is expected
