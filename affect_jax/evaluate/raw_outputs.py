"""Raw outputs of a network beside the table that `collect` makes of its predictions."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from affect_jax.evaluate.run import Predict
from affect_jax.types import Batch, Predictions


class RawOutputs:
    """A predict function that keeps some outputs of what it predicts; padding is dropped.

    Each example must have weight 1 in one place only, as in `data.loader.evaluation_batches`.
    """

    def __init__(self, predict: Predict, names: Sequence[str]):
        self._predict, self._names = predict, tuple(names)
        self._index: list[np.ndarray] = []
        self._outputs: dict[str, list[np.ndarray]] = {name: [] for name in names}

    def __call__(self, batch: Batch) -> Predictions:
        predictions = self._predict(batch)
        keep = np.asarray(batch.weight).reshape(-1) > 0
        self._index.append(np.asarray(batch.index).reshape(-1)[keep])
        for name in self._names:
            output = np.asarray(predictions[name])
            self._outputs[name].append(output.reshape(len(keep), -1)[keep])
        return predictions

    @property
    def _order(self) -> Int[np.ndarray, "row"]:
        return np.argsort(np.concatenate(self._index), kind="stable")

    @property
    def index(self) -> Int[np.ndarray, "row"]:
        """The examples of the rows: their positions in the source."""
        return np.concatenate(self._index)[self._order]

    def arrays(self) -> dict[str, Float[np.ndarray, "row number"]]:
        """The outputs by name, in the order of the rows of `collect`."""
        return {name: np.concatenate(parts)[self._order] for name, parts in self._outputs.items()}
