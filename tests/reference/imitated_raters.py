"""People whose stored features are of a made-up network of intensity, with labels and answers that are known."""

import numpy as np

from affect_jax.personal.stored import HEAD_ARRAYS, StoredFeatures, head_output

FRAMES, PEOPLE = 100, 3
TIMES = np.arange(FRAMES) / 2
NEUTRAL_SECONDS = 3.0
EMOTIONS = ("intensity_happy", "intensity_sad")


def logits_of(intensity: np.ndarray) -> np.ndarray:
    """Logits of the classes 0 to 10 whose mean is near the intensity."""
    return -((intensity[..., None] - np.arange(11)) ** 2)


def head_of_raters() -> dict[str, np.ndarray]:
    """The classes of the first two features, which are intensities: -(x - k)^2 without the common x^2."""
    kernel, bias = np.zeros((3, 22), np.float32), np.zeros(22, np.float32)
    for emotion in range(2):
        columns = slice(11 * emotion, 11 * emotion + 11)
        kernel[emotion, columns] = 2 * np.arange(11)
        bias[columns] = -(np.arange(11) ** 2)
    return dict(zip(HEAD_ARRAYS[2:], (kernel, bias), strict=True))


def raters(split: str, seed: int, **changes) -> StoredFeatures:
    """The face of each person shows their intensities and a resting face of their own, up to 2 labels stronger."""
    rng = np.random.default_rng((seed, len(split)))
    phase, speed = rng.uniform(0, 6, (PEOPLE, 1, 2)), rng.uniform(0.3, 0.8, (PEOPLE, 1, 2))
    moving = 3.5 + 3.5 * np.sin(phase + speed * TIMES[:, None])
    label = moving * (TIMES >= NEUTRAL_SECONDS)[None, :, None]
    rest = rng.uniform(1, 2, (PEOPLE, 1, 2))
    shown = label + rest + rng.normal(0, 0.05, label.shape)
    features = np.concatenate([shown, np.ones((PEOPLE, FRAMES, 1))], -1).reshape(PEOPLE * FRAMES, 3)
    names = tuple(f"{split}/{person}" for person in range(PEOPLE) for _ in range(FRAMES))
    head = head_of_raters()
    made = dict(
        features=features.astype(np.float32),
        raw=head_output(head, features.astype(np.float32)),
        labels=(label / 10).reshape(PEOPLE * FRAMES, 2).astype(np.float32),
        weight=np.ones(PEOPLE * FRAMES, np.float32),
        subject=names,
        clip=names,
        face=np.zeros(PEOPLE * FRAMES, np.int64),
        frame=np.tile(np.arange(FRAMES), PEOPLE),
        time_seconds=np.tile(TIMES, PEOPLE),
        network_sha256=f"{seed:064d}",
        head=head,
        quantities=EMOTIONS,
    )
    return StoredFeatures(**{**made, **changes})
