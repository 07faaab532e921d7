"""Tables as text, Markdown and HTML, character by character."""

import html.parser

import numpy as np
import pytest
from matplotlib.figure import Figure

from affect_jax.draw.axes import to_png
from affect_jax.files.atomic import write_bytes
from affect_jax.report.page import write_page
from affect_jax.report.tables import markdown_table, score_line, summary_table, text_table

LINES = [
    {"network": "static", "CCC": 0.71249, "steps": 3000},
    {"network": "clip | causal", "CCC": -0.5, "steps": 1200, "rate": 3e-4},
]


def test_text_table_aligns_numbers_to_the_right():
    assert text_table(LINES).split("\n") == [
        "network           CCC  steps      rate",
        "-------------  ------  -----  --------",
        "static          0.712   3000",
        "clip | causal  -0.500   1200  3.00e-04",
    ]


def test_markdown_table_escapes_bars():
    assert markdown_table(LINES).split("\n") == [
        "| network | CCC | steps | rate |",
        "|---|--:|--:|--:|",
        "| static | 0.712 | 3000 |  |",
        "| clip \\| causal | -0.500 | 1200 | 3.00e-04 |",
    ]


SUMMARY = {
    "conditions": {
        "data": "rendered",
        "split": "test",
        "crop": "emonet",
        "label_set": "emonet_5",
        "flip_averaging": ["valence_arousal"],
        "checkpoint_step": 900,
    },
    "n": {"rows": 60, "subjects": 3, "clips": 6},
    "scores": {"ccc/valence": 0.7, "accuracy": 0.9},
    "interval_95": {"ccc/valence": (0.61, 0.79)},
    "per_clip_mean": {"ccc/valence": 0.5},
    "per_clip_counted": {"ccc/valence": 4},  # of 6: the label of two never moves
    "per_subject_mean": {"ccc/valence": 0.6, "accuracy": 0.88},
}


def test_summary_table_names_conditions_intervals_and_group_means():
    assert summary_table(SUMMARY).split("\n") == [
        "rendered / test: 60 rows, 3 subjects, 6 clips; crop emonet; emonet_5; step 900; flip averaging of "
        "valence arousal",
        "",
        "score        all rows  95 % interval   mean per clip  clips  mean per subject",
        "-----------  --------  --------------  -------------  -----  ----------------",
        "ccc/valence     0.700  0.610 .. 0.790          0.500      4             0.600",
        "accuracy        0.900                                                   0.880",
    ]
    assert score_line(SUMMARY, "static") == {"network": "static", "valence CCC": 0.7, "accuracy": 0.9}
    named = {**SUMMARY["conditions"], "flip_averaging": ["valence_arousal", "emotion"]}
    assert "; flip averaging of valence arousal and emotion\n" in summary_table({**SUMMARY, "conditions": named})
    off = {**SUMMARY["conditions"], "flip_averaging": []}
    assert "; flip averaging off\n" in summary_table({**SUMMARY, "conditions": off})
    empty = {**SUMMARY, "scores": {}}
    assert summary_table(empty).endswith("no labeled row, so no score")


def test_scores_that_one_row_does_not_have_are_named():
    one = {**SUMMARY, "n": {**SUMMARY["n"], "valence_arousal": 1}, "scores": {"rmse/mean": 0.25}}
    text = summary_table(one)
    assert "valence_arousal: undefined with 1 labeled row (ccc/valence, ccc/arousal" in text and "0.000" not in text


def test_the_first_line_counts_the_rows_that_are_labeled_for_each_quantity():
    counts = SUMMARY["n"] | {"emotion": 0, "valence_arousal": 13}
    head = summary_table(SUMMARY | {"n": counts}).split("\n")[0]
    assert head.startswith("rendered / test: 60 rows (13 with valence arousal, 0 with emotion), 3 subjects, 6 clips;")


class Outline(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text.append(data)


def test_page_embeds_its_plots_and_escapes_its_text(tmp_path):
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot(np.arange(3))
    write_bytes(to_png(figure), tmp_path / "a.png")
    write_page(tmp_path / "index.html", "Runs <1>", LINES, [(tmp_path / "a.png", "truth & clip")], note="held out")
    outline = Outline()
    outline.feed((tmp_path / "index.html").read_text())
    assert [link.partition(",")[0] for link in outline.links] == ["data:image/png;base64"]
    for expected in ("Runs <1>", "held out", "truth & clip", "clip | causal", "0.712"):
        assert expected in outline.text
    with pytest.raises(FileNotFoundError, match=r"b\.png"):
        write_page(tmp_path / "index.html", "Runs", [], [(tmp_path / "b.png", "absent")])
    assert "truth &amp; clip" in (tmp_path / "index.html").read_text()  # the page before is still whole
