"""How much lower the CCC of a batch is than that of the data set, and how a memory of earlier batches helps.

  python -m benchmarks.ccc_batch
  python -m benchmarks.ccc_batch --predictions=W/evaluation/rendered_test/predictions.csv

Without a table, pairs are drawn from an unbiased bivariate Gaussian with the given CCC. Each cell is the mean (and
standard deviation), over batches of shuffled pairs, of the CCC in the loss, averaged over valence and arousal. Here,
the predictions in memory come from the current network; in training they are slightly stale.
"""

import pathlib
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from absl import flags, logging
from jaxtyping import Array, Float

from affect_jax.experiment import cli
from affect_jax.experiment.config.errors import UsageError
from affect_jax.losses.ccc_memory import empty_memory, remember, union
from affect_jax.losses.continuous import ccc, moments
from affect_jax.tables.reading import read_rows

PREDICTIONS = flags.DEFINE_string("predictions", "", "predictions.csv of an evaluation; Gaussian pairs if not given.")
CCC = flags.DEFINE_float("ccc", 0.814, "CCC of the Gaussian pairs.", -1.0, 1.0)
DRAWS = flags.DEFINE_integer("draws", 40_000, "Number of pairs for each cell.", 10_000)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the shuffling and of the Gaussian pairs.")
BATCHES, MEMORIES = (8, 16, 32, 64, 128), (0, 1, 4, 16)


def gaussian_pairs(score: float, count: int, seed: int) -> tuple[Float[np.ndarray, "pair 2"], ...]:
    """Predictions and labels of equal variance, without bias, whose correlation is `score`."""
    rng = np.random.default_rng(seed)
    label, noise = rng.normal(size=(2, count, 2))
    return score * label + np.sqrt(1 - score**2) * noise, label


def batch_scores(
    predicted: Float[Array, "batch row 2"], label: Float[Array, "batch row 2"], memory: int
) -> Float[Array, "scored"]:
    """CCC over each batch and the `memory` ones before it, averaged over dimensions, once the memory is full."""

    def step(carry, pair):
        batch = moments(*pair, jnp.ones(pair[0].shape[:1]))
        pool = union(carry, batch) if memory else batch
        return remember(carry, batch) if memory else carry, ccc(pool).mean()

    _, scores = jax.lax.scan(step, empty_memory(memory) if memory else None, (predicted, label))
    return scores[memory:]


def shuffled(pairs: Sequence[np.ndarray], batch: int, draws: int, seed: int) -> list[Array]:
    """Batches of pairs, shuffled every epoch; the last partial batch of an epoch is dropped."""
    rng, count = np.random.default_rng(seed), len(pairs[0])
    whole = count // batch * batch
    order = np.concatenate([rng.permutation(count)[:whole] for _ in range(max(draws // whole, 1))])
    return [jnp.asarray(values[order].reshape(-1, batch, 2), jnp.float32) for values in pairs]


def table_pairs(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """The predictions and labels of an evaluation, where labeled."""
    if not path.is_file():
        raise UsageError(f"--predictions={path} does not exist; python -m launch.evaluate writes these tables")
    rows = read_rows(path)
    known = rows.labeled("valence_arousal")
    if known.sum() < max(BATCHES):
        raise UsageError(
            f"{path} holds {known.sum()} rows with valence and arousal; at least {max(BATCHES)} are needed"
        )
    return rows.values["valence_arousal"][known], rows.labels["valence_arousal"].value[known]


def main() -> None:
    """Logs the table."""
    path = PREDICTIONS.value
    pairs = table_pairs(pathlib.Path(path)) if path else gaussian_pairs(CCC.value, DRAWS.value, SEED.value)
    whole = [jnp.asarray(values, jnp.float32) for values in pairs]
    score = float(ccc(moments(*whole, jnp.ones(len(whole[0])))).mean())
    logging.info("%s: %d pairs, CCC %.3f\n", path or "Gaussian pairs", len(whole[0]), score)
    logging.info("| batch | %s |", " | ".join(f"memory {memory}" for memory in MEMORIES))
    logging.info("|--:|%s", "--:|" * len(MEMORIES))
    run = jax.jit(batch_scores, static_argnums=2)
    for batch in BATCHES:
        batches = shuffled(pairs, batch, DRAWS.value, SEED.value)
        scores = [np.asarray(run(*batches, memory)) for memory in MEMORIES]
        logging.info("| %d | %s |", batch, " | ".join(f"{one.mean():.3f} ({one.std():.3f})" for one in scores))


if __name__ == "__main__":
    cli.run(main)
