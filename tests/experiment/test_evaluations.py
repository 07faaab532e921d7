"""Any number of evaluations in a run, and a score that does not exist."""

import json

import pytest

from affect_jax.experiment import evaluate, evaluations
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study import scores
from affect_jax.experiment.train import train
from affect_jax.train.loop_config import TrainConfig


@pytest.mark.slow
def test_a_run_with_two_evaluations_logs_both_and_a_sweep_reads_both(miniature, tmp_path):
    config = miniature(tmp_path)
    config.evaluations.seen = config.data.train.rendered.copy_and_resolve_references()
    config.train.update(steps=2, best="seen/ccc/mean")
    with pytest.raises(UsageError, match=r"and evaluations.seen \(all subjects\) share subjects"):
        train(config, tmp_path / "run")  # what chooses the checkpoint must be apart from the training
    config.train.best = "validation/ccc/mean"
    assert train(config, tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    (scored,) = [line for line in lines if "validation/ccc/mean" in line]
    assert "seen/ccc/mean" in scored
    found = scores.best_scores(tmp_path / "run", options.parse(config))
    assert found["step"] == 2 and found["seen/ccc/mean"] == scored["seen/ccc/mean"]


@pytest.mark.slow
def test_a_misspelled_score_is_refused_before_training_with_the_scores_that_exist(miniature, tmp_path):
    config = miniature(tmp_path)
    config.train.best = "validation/cc/mean"
    with pytest.raises(UsageError, match="train.best is 'validation/cc/mean', but .* validation/ccc/mean, "):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run" / "metrics.jsonl").exists() and not (tmp_path / "run" / "config.json").exists()


def test_a_score_that_only_a_later_batch_has_is_found():
    class Numbers:
        def __iter__(self):
            return iter((1, 2))

    batches = {"held": Numbers()}
    asked = []

    def scores(batches):
        asked.append(list(batches))
        return {"nme": 0.1, "ccc/mean": 0.5} if 2 in asked[-1] else {"nme": 0.1}

    evaluations.check_best(TrainConfig(best="held/ccc/mean"), batches, scores)
    assert asked == [[1], [1, 2]]
    asked.clear()
    evaluations.check_best(TrainConfig(best="-held/nme"), batches, scores)
    assert asked == [[1]]
    with pytest.raises(UsageError, match="is 'held/accuracy', but the scores are held/ccc/mean, held/nme"):
        evaluations.check_best(TrainConfig(best="held/accuracy"), batches, scores)


def test_an_evaluation_of_one_reader_follows_the_one_that_chooses(miniature, tmp_path):
    config = miniature(tmp_path)
    held = config.evaluations.validation
    for name, subjects, of in (("first", 5, 2), ("chosen", 7, 3)):
        config.evaluations[name] = held.copy_and_resolve_references()
        config.evaluations[name].update(subjects=subjects)
        config.evaluations[name].fold.of = of
    config.train.best = "chosen/ccc/mean"
    part = evaluate.evaluation_source(options.parse(config), "rendered", "", "validation", [])
    assert (part.options.subjects, part.fold.of) == (7, 3)
    part = evaluate.evaluation_source(options.parse(config), "rendered", "", "test", ["subjects=2"])
    assert (part.options.subjects, part.fold.of) == (2, 1)
