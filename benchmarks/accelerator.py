"""The static network on an accelerator: images per second, and the fraction of peak matrix-multiply throughput.

  python -m benchmarks.accelerator
  python -m benchmarks.accelerator --miniature          # smoke test for any machine

The peak is measured: the fastest of several products of square matrices of the same type. A training step counts as
three times the FLOPs of a forward pass. On recent accelerators float32 operands are rounded (JAX's default matmul
precision); the difference column compares valence and arousal with float32 at the highest precision, relative to their
largest value.
"""

import time
from collections.abc import Callable

from absl import flags

from affect_jax.experiment import cli

BATCHES = flags.DEFINE_list("batches", ["32", "64", "128", "256", "512"], "Batch sizes.")
ROUNDS = flags.DEFINE_integer("rounds", 10, "Timed calls; the median is reported.")
MINIATURE = flags.DEFINE_bool("miniature", False, "Use a tiny network: a smoke test, not a measurement.")
TYPES = ("float32", "bfloat16")


def main() -> None:
    import jax

    from benchmarks import contenders
    from benchmarks.interleaved import markdown

    config = contenders.EmoNetConfig(execution="direct")
    if MINIATURE.value:
        config = contenders.MINIATURE
    size = 256 if MINIATURE.value else 8192
    peaks = {name: matrix_peak(name, size, ROUNDS.value) for name in TYPES}
    device = jax.devices()[0]
    print(f"{device.device_kind}; measured peak " + ", ".join(f"{n} {p / 1e12:.2f} TFLOP/s" for n, p in peaks.items()))
    rows = []
    flops = flops_per_image(config)
    for batch in map(int, BATCHES.value):
        for name in TYPES:
            make = lambda name=name, batch=batch: inference(config, name, batch)
            rows.append(_row(f"prediction, {name}", make, batch, flops / peaks[name]))
        make = lambda batch=batch: training(config, batch)
        rows.append(_row("training, float32", make, batch, 3 * flops / peaks["float32"]))
    header = ["program", "batch", "images/s", "fraction of peak", "difference"]
    print(markdown(f"EmoNet on {device.device_kind}", header, rows))


def _row(title: str, make: Callable[[], tuple[Callable, str]], batch: int, seconds_at_peak: float) -> list[str]:
    """A row of the table; `seconds_at_peak` is the time per image at peak throughput."""
    import jax

    try:
        call, difference = make()
        rate = batch / median_seconds(call, ROUNDS.value)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return [title, str(batch), "does not fit", "", ""]
    return [title, str(batch), f"{rate:.1f}", f"{100 * rate * seconds_at_peak:.1f} %", difference]


def matrix_peak(dtype: str, size: int, rounds: int) -> float:
    """FLOPs per second of the fastest product of square matrices of up to `size` rows."""
    import jax
    import jax.numpy as jnp

    product = jax.jit(jnp.matmul)
    best = 0.0
    for side in (size // 4, size // 2, size):
        matrix = jax.random.normal(jax.random.key(0), (side, side), dtype)
        best = max(best, 2 * side**3 / median_seconds(lambda m=matrix: product(m, m), rounds))
    return best


def flops_per_image(config) -> float:
    """FLOPs of one image with direct convolutions, as counted by the compiler."""
    import jax
    import jax.numpy as jnp
    from flax import nnx

    from affect_jax.models.emonet import EmoNet
    from affect_jax.nn.keys import ParameterKeys

    module = nnx.eval_shape(lambda: EmoNet(config, rngs=ParameterKeys(jax.random.key(0))))
    module.eval()
    graphdef, state = nnx.split(module)
    px = config.trunk.input_px
    images = jax.ShapeDtypeStruct((1, px, px, 3), jnp.float32)
    predict = lambda state, images: jax.tree.leaves(nnx.merge(graphdef, state)(images))
    return float(jax.jit(predict).lower(state, images).cost_analysis()["flops"])


def inference(config, precision: str, batch: int) -> tuple[Callable, str]:
    """A prediction call, and the deviation of its valence and arousal from full precision."""
    import jax
    import jax.numpy as jnp

    from affect_jax.infer.compiled import CompiledNetwork
    from affect_jax.nn.network import Network
    from benchmarks import contenders

    network = Network(lambda rngs: contenders.EmoNet(config, rngs=rngs))
    variables = jax.jit(network.initial)(jax.random.key(0))
    images = jnp.asarray(contenders.random_images(config, batch))
    ready = CompiledNetwork(network, precision)
    with jax.default_matmul_precision("highest"):
        exact = jax.jit(network.predict)(variables, images[:1])["valence_arousal"]
    found = ready(variables, images)["valence_arousal"][:1]
    return lambda: ready(variables, images), f"{float(abs(found - exact).max() / abs(exact).max()):.1e}"


def training(config, batch: int) -> tuple[Callable, str]:
    """A call that trains all parameters for one step."""
    import jax
    import optax

    from affect_jax.nn.network import Network
    from benchmarks import contenders

    network = Network(lambda rngs: contenders.EmoNet(config, rngs=rngs))
    variables = jax.jit(network.initial)(jax.random.key(0))
    step = contenders.training_step(config, network, batch)
    state = {"now": (variables, optax.adamw(contenders.RATE, weight_decay=0).init(variables.trained))}

    def call():
        *state["now"], loss = step(*state["now"])
        return loss, state["now"]

    return call, ""


def median_seconds(call: Callable, rounds: int, calls: int = 1) -> float:
    """Median time of a call over `rounds` rounds after a first, each of which dispatches `calls` before it blocks.

    With many calls the dispatch overhead of tens of microseconds is hidden behind the computation.
    """
    import jax
    import numpy as np

    taken = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        for _ in range(calls):
            last = call()
        jax.block_until_ready(last)
        taken.append((time.perf_counter() - start) / calls)
    return float(np.median(taken[1:]))


if __name__ == "__main__":
    cli.run(main)
