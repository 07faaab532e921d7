"""The static network on an accelerator: images a second, and the share of the matrix-multiply peak that it reaches.

  python -m benchmarks.accelerator
  python -m benchmarks.accelerator --miniature          # tries the benchmark on any machine

The peak is measured, not looked up: the fastest of several products of square matrices in the same type. A step of
training counts three times the multiplications and additions of a forward pass. float32 on recent accelerators rounds
its factors (JAX's default matmul precision); the difference printed beside is that of valence and arousal from
float32 at the highest precision, divided by the largest of them.
"""

import time
from collections.abc import Callable

from absl import flags

from affect_jax.experiment import cli

BATCHES = flags.DEFINE_list("batches", ["32", "64", "128", "256", "512"], "Images a call.")
ROUNDS = flags.DEFINE_integer("rounds", 10, "Timed calls; the median counts.")
MINIATURE = flags.DEFINE_bool("miniature", False, "A very small network: tries the benchmark, measures nothing.")
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
    each = work(config)
    for batch in map(int, BATCHES.value):
        for name in TYPES:
            made = lambda name=name, batch=batch: inference(config, name, batch)
            rows.append(_row(f"prediction, {name}", made, batch, each / peaks[name]))
        rows.append(
            _row("training, float32", lambda batch=batch: training(config, batch), batch, 3 * each / peaks["float32"])
        )
    header = ["program", "batch", "images/s", "share of the peak", "difference"]
    print(markdown(f"EmoNet on {device.device_kind}", header, rows))


def _row(title: str, made: Callable[[], tuple[Callable, str]], batch: int, seconds_at_peak: float) -> list[str]:
    """A line of the table; `seconds_at_peak` is what one image would take."""
    import jax

    try:
        call, difference = made()
        rate = batch / median_seconds(call, ROUNDS.value)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return [title, str(batch), "does not fit", "", ""]
    return [title, str(batch), f"{rate:.1f}", f"{100 * rate * seconds_at_peak:.1f} %", difference]


def matrix_peak(dtype: str, size: int, rounds: int) -> float:
    """Operations a second of the fastest product of square matrices with sides up to `size`."""
    import jax
    import jax.numpy as jnp

    product = jax.jit(jnp.matmul)
    best = 0.0
    for side in (size // 4, size // 2, size):
        matrix = jax.random.normal(jax.random.key(0), (side, side), dtype)
        best = max(best, 2 * side**3 / median_seconds(lambda m=matrix: product(m, m), rounds))
    return best


def work(config) -> float:
    """Multiplications and additions of one image, as the compiler counts them in the direct form."""
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
    """A call, and how far its valence and arousal are from those of full precision."""
    import jax
    import jax.numpy as jnp

    from affect_jax.infer.compiled import CompiledNetwork
    from affect_jax.nn.network import Network
    from benchmarks import contenders

    network = Network(lambda rngs: contenders.EmoNet(config, rngs=rngs))
    numbers = jax.jit(network.initial)(jax.random.key(0))
    images, ready = jnp.asarray(contenders.pictures(config, batch)), CompiledNetwork(network, precision)
    with jax.default_matmul_precision("highest"):
        exact = jax.jit(network.predict)(numbers, images[:1])["valence_arousal"]
    found = ready(numbers, images)["valence_arousal"][:1]
    return lambda: ready(numbers, images), f"{float(abs(found - exact).max() / abs(exact).max()):.1e}"


def training(config, batch: int) -> tuple[Callable, str]:
    """A step of training everything."""
    import jax
    import optax

    from affect_jax.nn.network import Network
    from benchmarks import contenders

    network = Network(lambda rngs: contenders.EmoNet(config, rngs=rngs))
    numbers = jax.jit(network.initial)(jax.random.key(0))
    step = contenders.training_step(config, network, batch)
    state = {"now": (numbers, optax.adamw(contenders.RATE, weight_decay=0).init(numbers.trained))}

    def call():
        *state["now"], loss = step(*state["now"])
        return loss, state["now"]

    return call, ""


def median_seconds(call: Callable, rounds: int, calls: int = 1) -> float:
    """Of a call, over `rounds` rounds after the first; in each, `calls` are handed over before the last is waited for.

    With many of them the time of handing one over, tens of microseconds, is hidden behind the work of those before.
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
