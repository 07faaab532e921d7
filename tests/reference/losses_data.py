"""Random predictions and labels for the tests of losses."""

import numpy as np


def affect_pairs(shape=(40,)):
    rng = np.random.default_rng(0)
    label = rng.uniform(-1, 1, (*shape, 2)).astype(np.float32)
    predicted = (0.6 * label + rng.normal(0.1, 0.2, label.shape)).astype(np.float32)
    return predicted, label


def logits_and_labels(rows=7, emotions=4):
    rng = np.random.default_rng(0)
    logits = np.float32(rng.normal(0, 2, (rows, emotions)))
    return logits, np.float32(rng.dirichlet(np.ones(emotions), rows)), np.float32(rng.integers(0, 2, rows))


def log_softmax(logits):
    logits = np.float64(logits)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))
