"""After its first step, a run compiles nothing more: not for evaluations, not for a last batch that is smaller."""

import logging

import jax
import pytest

from affect_jax.data.evaluation_batches import EvaluationBatches
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.train.progress import Progress

FIRST_STEP = "the first step is done"


@pytest.fixture
def compilations(monkeypatch):
    """What is compiled, in any thread, and where the first step ends."""
    found = []

    class Keep(logging.Handler):
        def emit(self, record):
            if record.msg.startswith("Compiling"):
                found.append(record.getMessage()[:200])

    take = Progress.take

    def noting(self, *arguments):
        take(self, *arguments)
        found.append(FIRST_STEP)

    monkeypatch.setattr(Progress, "take", noting)
    handler, logger = Keep(), logging.getLogger("jax._src.interpreters.pxla")
    before = jax.config.jax_log_compiles
    jax.config.update("jax_log_compiles", True)
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)
    jax.config.update("jax_log_compiles", before)


def test_nothing_is_compiled_after_the_first_step_of_a_run_with_two_evaluations(miniature, tmp_path, compilations):
    config = miniature(tmp_path)
    config.evaluations.validation.subjects = 3  # of four faces each: a batch of 8 and one of 4
    config.optimizer.average = 0.9
    batches = Run(parse(config), tmp_path / "run").evaluation_batches["validation"]
    assert isinstance(batches, EvaluationBatches) and [int(batch.weight.sum()) for batch in batches] == [8, 4]
    assert train(config, tmp_path / "run")
    assert compilations.count(FIRST_STEP) == config.train.steps == 2 * config.train.evaluate_every
    first = compilations.index(FIRST_STEP)
    assert any("jit(step)" in line for line in compilations[:first])
    assert not [line for line in compilations[first:] if line != FIRST_STEP]
