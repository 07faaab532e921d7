"""Temporal convolutions and the clip network on an accelerator, relative to the limits of the device.

  python -m benchmarks.accelerator_temporal
  python -m benchmarks.accelerator_temporal --miniature          # smoke test for any machine

Peaks are measured: the fastest product of square matrices, and the sum of a large array and a scalar. The "lower bound"
is the longer of two times: reading the clips and writing the results once at peak memory bandwidth (twice as much with
gradients: clips, cotangents, results and gradients), or the fewest FLOPs (the two 1x1 convolutions and the taps of each
axis; three times as many with gradients) at peak matrix throughput. There are enough clips for a signal to exceed the
caches of the device, and calls of a layer are dispatched without blocking, so that neither caches nor dispatch overhead
affect the result. Fractions of peak use the FLOPs and bytes that the compiler counts. Every call of the clip network
blocks, as in practice.
"""

from absl import flags

from affect_jax.experiment import cli
from benchmarks.accelerator import MINIATURE, ROUNDS, TYPES, matrix_peak, median_seconds

RANKS = flags.DEFINE_list("ranks", ["128", "256"], "Ranks of the layer.")
CLIPS = flags.DEFINE_integer("clips", 8, "Clips of 16 frames per call of the clip network.")
LAYER_CLIPS = 16  # a signal of 205 MB in float32
LAYER_CALLS = 20
LAYER = ["layer", "ms", "times the lower bound", "fraction of matrix peak", "fraction of memory peak"]


def main() -> None:
    import jax

    from benchmarks.interleaved import markdown

    size = 256 if MINIATURE.value else 8192
    peaks = {name: matrix_peak(name, size, ROUNDS.value) for name in TYPES}
    memory = memory_peak(size, ROUNDS.value)
    device = jax.devices()[0].device_kind
    measured = ", ".join(f"{name} {peak / 1e12:.2f} TFLOP/s" for name, peak in peaks.items())
    print(f"{device}; measured peaks {measured}, memory {memory / 1e9:.0f} GB/s")
    for rank in map(int, RANKS.value):
        print(markdown(f"64 to 64 channels, 3x3x3, rank {rank}, on {device}", LAYER, layer_rows(rank, peaks, memory)))
    header = ["clip network", "ms", "frames/s", "fraction of matrix peak", "fraction of memory peak"]
    print(markdown(f"Clip network, {CLIPS.value} clips, on {device}", header, clip_rows(peaks["float32"], memory)))


def memory_peak(side: int, rounds: int) -> float:
    """Bytes per second, read and written, when adding a scalar to a matrix."""
    import jax
    import jax.numpy as jnp

    matrix = jnp.ones((side, side))
    add = jax.jit(lambda matrix: matrix + 1)
    return 2 * matrix.nbytes / median_seconds(lambda: add(matrix), rounds)


def layer_rows(rank: int, peaks: dict[str, float], memory: float) -> list[list[str]]:
    """Rows for every execution and the dense convolution, in each type, forward and with gradients."""
    import functools

    from affect_jax.ops.factors import EXECUTIONS, convolve
    from benchmarks import layers

    small = {"clips": 1, "frames": 4, "map_px": 6, "channels": 8} if MINIATURE.value else {"clips": LAYER_CLIPS}
    layer = layers.Layer(rank, **small)
    programs = {name: (functools.partial(convolve, execution=name), False) for name in EXECUTIONS["cp"]}
    programs["dense"] = (layers.dense_3d, True)
    rows = []
    for name, (run, dense) in programs.items():
        for dtype in TYPES:
            for backward in (False, True):
                compiled, arguments = layers.jax_compiled(layer, backward, run, dense, dtype)
                seconds = median_seconds(lambda c=compiled, a=arguments: c(*a), ROUNDS.value, LAYER_CALLS)
                bound = lower_bound_seconds(layer, dtype, backward, peaks[dtype], memory)
                title = f"{name}, {dtype}, {'both' if backward else 'forward'}"
                shares = _shares(compiled, seconds, peaks[dtype], memory)
                rows.append([title, f"{1e3 * seconds:.3f}", f"{seconds / bound:.1f}", *shares])
    return rows


def lower_bound_seconds(layer, dtype: str, backward: bool, peak: float, memory: float) -> float:
    """The shortest possible time of a forward pass or, with `backward`, of result and gradients."""
    positions = layer.clips * layer.frames * layer.map_px**2
    flops = 2 * positions * layer.rank * (2 * layer.channels + 3 * layer.taps) * (3 if backward else 1)
    transferred = 2 * positions * layer.channels * (2 if dtype == "bfloat16" else 4) * (2 if backward else 1)
    return max(flops / peak, transferred / memory)


def clip_rows(peak: float, memory: float) -> list[list[str]]:
    """Rows for prediction and gradients of the larger network, with a factorized or a dense head."""
    import jax

    from benchmarks import clips

    size = clips.Clips(clips.MINIATURE if MINIATURE.value else clips.LARGER, CLIPS.value, 16)
    rows = []
    for kind in ("affect_jax", "JAX, dense head"):
        for backward in (False, True):
            program = clips.makers(size, backward)[kind]()
            seconds = median_seconds(program, ROUNDS.value)
            compiled = clips.compiled(size, backward, kind != "affect_jax")
            shares = _shares(compiled, seconds, peak, memory)
            title = f"{kind}, {'both' if backward else 'forward'}"
            rows.append([title, f"{1e3 * seconds:.2f}", f"{size.batch * size.frames / seconds:.0f}", *shares])
            jax.clear_caches()
    return rows


def _shares(compiled, seconds: float, peak: float, memory: float) -> list[str]:
    counted = compiled.cost_analysis()
    at_peak = counted.get("flops", 0) / peak, counted.get("bytes accessed", 0) / memory
    return [f"{100 * limit / seconds:.1f} %" for limit in at_peak]


if __name__ == "__main__":
    cli.run(main)
