"""The program that is exported: a network, and how each quantity is reported."""

import functools
from collections.abc import Sequence

from flax import nnx

from affect_jax.infer.export.program import Program, stream_program, window_program
from affect_jax.infer.tuning import set_execution
from affect_jax.models.contract import Contract
from affect_jax.nn.execution import DIRECT
from affect_jax.quantities.registry import in_order


def make_program(module: nnx.Module, contract: Contract, quantities: Sequence[str], frames: int) -> Program:
    """The network as a program that reports these quantities, for clips of `frames` frames unless it is causal.

    Convolutions are computed directly: runtimes have kernels of their own for them, which Winograd's method would hide.
    """
    reported = [each for each in in_order(quantities) if each.name in contract.predicts]
    report = {each.name: functools.partial(each.report, crop_px=contract.input_px) for each in reported}
    module = set_execution(nnx.clone(module), DIRECT)
    module.eval()
    if contract.causal:
        return stream_program(module, contract.input_px, report)
    return window_program(module, contract.input_px, frames, report)
