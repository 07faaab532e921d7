import pytest

from affect_jax.experiment.study.scores import best_score, score_by_step

LINES = """{"step": 5, "train/loss": 3.0}
{"step": 10, "validation/ccc/mean": 0.25, "validation/nme": 3}
{"step": 20, "validation/ccc/mean": 0.5, "validation/nme": 2}
{"step": 30, "validation/ccc/mean": 0.375, "validation/nme": 4}
{"step": 40, "valid"""


def test_a_score_is_followed_over_its_evaluations_and_the_best_one_is_found(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(LINES)
    assert score_by_step(tmp_path, "validation/ccc/mean") == {10: 0.25, 20: 0.5, 30: 0.375}
    assert best_score(tmp_path, "validation/ccc/mean") == 0.5
    assert best_score(tmp_path, "-validation/nme") == 2


@pytest.mark.parametrize("text", [None, "", '{"step": 5, "train/loss": 3.0}\n'])
def test_a_run_without_an_evaluation_has_no_score(text, tmp_path):
    if text is not None:
        (tmp_path / "metrics.jsonl").write_text(text)
    assert score_by_step(tmp_path, "validation/ccc/mean") == {}
    assert best_score(tmp_path, "validation/ccc/mean") is None
