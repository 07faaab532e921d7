"""Short disturbances of image quality in clips."""

import numpy as np
from jaxtyping import Float

# Kind: (share of all disturbances, minimum and maximum duration in seconds).
KINDS = {
    "smear": (0.30, 0.10, 0.32),
    "defocus": (0.25, 0.15, 0.55),
    "flicker": (0.20, 0.08, 0.33),
    "occlusion": (0.25, 0.35, 0.85),
}


def disturb(rng: np.random.Generator, times_seconds: Float[np.ndarray, "frame"]) -> dict[str, np.ndarray]:
    """Draws disturbances about every 1.7 s: motion blur, defocus, a lighting change, a passing hand or object.

    The keys are fields of `motion.Take`.
    """
    frames = len(times_seconds)
    blur = np.full(frames, 0.4 * rng.random() ** 2)
    smear, gain, occluder = np.zeros((frames, 2)), np.ones(frames), np.zeros((frames, 6))
    names, bounds = list(KINDS), np.cumsum([share for share, _, _ in KINDS.values()])
    start, end = -0.6 + rng.random(), float(times_seconds.max(initial=0.0))
    while start < end:
        choice, angle, length, size, hue, side = rng.random(6)
        kind = names[min(int(np.searchsorted(bounds, choice)), len(names) - 1)]
        _, shortest, longest = KINDS[kind]
        share = (times_seconds - start) / (shortest + (longest - shortest) * length)
        active = (share >= 0) & (share < 1)
        toward = np.array([np.cos(2 * np.pi * angle), np.sin(2 * np.pi * angle)])
        if kind == "smear":
            smear[active] = toward * (5 + 9 * size)
        elif kind == "defocus":
            blur[active] = 1.0 + 1.6 * size
        elif kind == "flicker":
            gain[active] = 0.5 + 0.25 * size if side < 0.6 else 1.5 + 0.3 * size
        else:
            occluder[active, :1] = 1 + np.floor(hue * 2.99)
            occluder[active, 1:3] = (0.5, 0.52) + (share[active, None] * 2 - 1) * 0.45 * toward + 0.1 * (size - 0.5)
            occluder[active, 3:] = (2 * np.pi * side, 0.8 + 0.5 * size, hue)
        start += 0.7 + 2.0 * rng.random()
    return {"blur_px": blur, "smear_px": smear, "gain": gain, "occluder": occluder}
