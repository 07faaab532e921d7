"""Convolutions over time and the clip network on an accelerator: how near to what the device can do.

  python -m benchmarks.accelerator_temporal
  python -m benchmarks.accelerator_temporal --miniature          # tries the benchmark on any machine

Peaks are measured: the fastest product of square matrices, and a sum of a large array and a number. "Least" is the time
that no program can go below here: the clips read and the results written once at the peak of the memory (with gradients
twice as much: clips, directions, results and gradients), or the fewest multiplications and additions (the two 1x1 and
the taps of each axis; with gradients three times as many) at the peak of the matrix product, whichever is longer. Clips
are so many that a signal is larger than the caches of the device, and a layer's calls are handed over without waiting
for each, so that neither caches nor the time of a call are taken for the program's. The shares are those of the work
that the compiler counts in its program; calls of the clip network are waited for one by one, as in use.
"""

from absl import flags

from affect_jax.experiment import cli
from benchmarks.accelerator import MINIATURE, ROUNDS, TYPES, matrix_peak, median_seconds

RANKS = flags.DEFINE_list("ranks", ["128", "256"], "Ranks of the layer.")
CLIPS = flags.DEFINE_integer("clips", 8, "Clips of 16 frames in a call of the clip network.")
LAYER_CLIPS, LAYER_CALLS = 16, 20  # 205 MB of float32 a signal
LAYER = ["layer", "ms", "times the least", "share of the matrix peak", "share of the memory's peak"]


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
    header = ["clip network", "ms", "frames/s", "share of the matrix peak", "share of the memory's peak"]
    print(markdown(f"Clip network, {CLIPS.value} clips, on {device}", header, clip_rows(peaks["float32"], memory)))


def memory_peak(side: int, rounds: int) -> float:
    """Bytes a second, read and written, of adding a number to a matrix."""
    import jax
    import jax.numpy as jnp

    matrix = jnp.ones((side, side))
    add = jax.jit(lambda matrix: matrix + 1)
    return 2 * matrix.nbytes / median_seconds(lambda: add(matrix), rounds)


def layer_rows(rank: int, peaks: dict[str, float], memory: float) -> list[list[str]]:
    """Every execution and the dense convolution, in each type, forward and with the gradients."""
    import functools

    from affect_jax.ops.factors import EXECUTIONS, convolve
    from benchmarks import layers

    small = {"clips": 1, "frames": 4, "map_px": 6, "channels": 8} if MINIATURE.value else {"clips": LAYER_CLIPS}
    layer = layers.Layer(rank, **small)
    ways = {way: (functools.partial(convolve, execution=way), False) for way in EXECUTIONS["cp"]}
    rows = []
    for name, (run, dense) in {**ways, "dense": (layers.dense_3d, True)}.items():
        for dtype in TYPES:
            for backward in (False, True):
                compiled, given = layers.jax_compiled(layer, backward, run, dense, dtype)
                seconds = median_seconds(lambda c=compiled, g=given: c(*g), ROUNDS.value, LAYER_CALLS)
                least = least_seconds(layer, dtype, backward, peaks[dtype], memory)
                title = f"{name}, {dtype}, {'both' if backward else 'forward'}"
                shares = _shares(compiled, seconds, peaks[dtype], memory)
                rows.append([title, f"{1e3 * seconds:.3f}", f"{seconds / least:.1f}", *shares])
    return rows


def least_seconds(layer, dtype: str, backward: bool, peak: float, memory: float) -> float:
    """Of a forward pass, or of result and gradients."""
    places = layer.clips * layer.frames * layer.map_px**2
    done = 2 * places * layer.rank * (2 * layer.channels + 3 * layer.taps) * (3 if backward else 1)
    moved = 2 * places * layer.channels * (2 if dtype == "bfloat16" else 4) * (2 if backward else 1)
    return max(done / peak, moved / memory)


def clip_rows(peak: float, memory: float) -> list[list[str]]:
    """Prediction and gradients of the network of the larger size, its head factorized or dense."""
    import jax

    from benchmarks import clips

    given = clips.Clips(clips.MINIATURE if MINIATURE.value else clips.LARGER, CLIPS.value, 16)
    rows = []
    for kind in ("affect_jax", "JAX, dense head"):
        for backward in (False, True):
            program = clips.makers(given, backward)[kind]()
            seconds = median_seconds(program, ROUNDS.value)
            compiled = clips.compiled(given, backward, kind != "affect_jax")
            shares = _shares(compiled, seconds, peak, memory)
            title = f"{kind}, {'both' if backward else 'forward'}"
            rows.append([title, f"{1e3 * seconds:.2f}", f"{given.batch * given.frames / seconds:.0f}", *shares])
            jax.clear_caches()
    return rows


def _shares(compiled, seconds: float, peak: float, memory: float) -> list[str]:
    counted = compiled.cost_analysis()
    done = counted.get("flops", 0) / peak, counted.get("bytes accessed", 0) / memory
    return [f"{100 * part / seconds:.1f} %" for part in done]


if __name__ == "__main__":
    cli.run(main)
