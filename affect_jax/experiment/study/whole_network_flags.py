"""What a whole network is fine-tuned on, and how: from the flags of `launch.fine_tune_whole`."""

import dataclasses
from collections.abc import Sequence

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study.whole_network import BY_LABELS, Tuning, adaptive_learning
from affect_jax.personal.protocol import NEUTRAL_ONLY, Protocol


def read_protocols(kinds: Sequence[str], shares: Sequence[str], iterations: Sequence[str]) -> list[Protocol]:
    """The protocols with labels, or that of the neutral segment alone if there are iterations; else UsageError."""
    if iterations:
        return [NEUTRAL_ONLY]
    try:
        protocols = [Protocol(kind, float(share)) for kind in kinds for share in shares]
    except ValueError as error:
        raise UsageError(f"--protocols, --shares: {error}") from error
    if not all(protocol.has_labels and protocol.share for protocol in protocols):
        raise UsageError("--protocols, --shares: expected block or random, and fractions above 0: labels are needed")
    return protocols


def read_tuning(iterations: Sequence[str], learning_rate: float, layers: str) -> Tuning:
    """How it is fine-tuned; UsageError for what cannot be understood."""
    try:
        if not iterations:
            return dataclasses.replace(BY_LABELS, layers=layers)
        return adaptive_learning([int(number) for number in iterations], learning_rate, layers)
    except ValueError as error:
        raise UsageError(f"--iterations, --learning_rate, --trained: {error}") from error
