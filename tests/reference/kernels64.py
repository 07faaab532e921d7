"""Kernels and convolutions in float64, or complex128 for derivatives, written as plain sums."""

import numpy as np

AXES = ("time", "depth", "height", "width")


def drawn_factors(form: str, taps: dict[str, int], inputs: int, outputs: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random arrays of a kernel, with ranks that differ from each other and from the sizes."""
    rng = np.random.default_rng(seed)
    if form == "dense":
        shapes = {"kernel": (*taps.values(), inputs, outputs)}
    elif form == "cp":
        shapes = {name: (size, 5) for name, size in (*taps.items(), ("inputs", inputs), ("outputs", outputs))}
        shapes["scale"] = (5,)
    elif form == "tucker":
        sizes = (*taps.items(), ("inputs", inputs), ("outputs", outputs))
        ranks = {name: 2 + place % 2 for place, (name, _) in enumerate(sizes)}
        shapes = {name: (size, ranks[name]) for name, size in sizes} | {"core": tuple(ranks.values())}
    else:
        links = [2 + place % 3 for place in range(len(taps) + 1)]
        shapes = {name: (size, links[i], links[i + 1]) for i, (name, size) in enumerate(taps.items())}
        shapes |= {"inputs": (inputs, links[0]), "outputs": (outputs, links[-1])}
    spread = 1 / len(shapes) ** 0.5
    return {name: spread * rng.normal(size=shape) for name, shape in shapes.items()}


def dense_kernel(factors: dict[str, np.ndarray]) -> np.ndarray:
    """The kernel [taps.., input, output], entry by entry."""
    if "kernel" in factors:
        return factors["kernel"]
    axes = [name for name in AXES if name in factors]
    names = [*axes, "inputs", "outputs"]
    kernel = np.zeros([len(factors[name]) for name in names], np.result_type(*factors.values()))
    for place in np.ndindex(kernel.shape):
        rows = [factors[name][index] for name, index in zip(names, place, strict=True)]
        if "scale" in factors:
            kernel[place] = np.prod([*rows, factors["scale"]], axis=0).sum()
        elif "core" in factors:
            rest = factors["core"]
            for row in rows:
                rest = np.tensordot(row, rest, 1)
            kernel[place] = rest
        else:
            row = rows[-2]
            for matrix in rows[:-2]:
                row = row @ matrix
            kernel[place] = row @ rows[-1]
    return kernel


def correlate(signal: np.ndarray, kernel: np.ndarray, before, after, stride, dilation) -> np.ndarray:
    """Every output place by itself, over the axes before the channel; zeros outside. One number an axis for each."""
    count = kernel.ndim - 2
    lead = signal.ndim - 1 - count
    axes = signal.shape[lead:-1]
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel.shape, strict=False)]
    sizes = [(n + b + a - s) // t + 1 for n, b, a, s, t in zip(axes, before, after, spans, stride, strict=True)]
    result = np.zeros((*signal.shape[:lead], *sizes, kernel.shape[-1]), np.result_type(signal, kernel))
    for place in np.ndindex(*sizes):
        for tap in np.ndindex(*kernel.shape[:-2]):
            at = [p * t + k * d - b for p, t, k, d, b in zip(place, stride, tap, dilation, before, strict=True)]
            if all(0 <= a < n for a, n in zip(at, axes, strict=True)):
                result[(..., *place, slice(None))] += signal[(..., *at, slice(None))] @ kernel[tap]
    return result
