import numpy as np

from affect_jax.experiment import report
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels

FRAMES = 6


def rows_of(steps, unlabeled=2):
    """Clips whose valence moves by so much a frame; the last frames of each have no label, as after a delay."""
    count = len(steps) * FRAMES
    label = np.stack([np.outer(steps, np.arange(FRAMES)).ravel(), np.zeros(count)], -1)
    clip = np.repeat([f"moves by {step:g}" for step in steps], FRAMES)
    known = np.arange(count) % FRAMES < FRAMES - unlabeled
    return Rows(
        label_set="affectnet_8",
        crop_px=64,
        source=tuple(f"{place}.png" for place in range(count)),
        subject=("somebody",) * count,
        clip=tuple(clip),
        frame=np.arange(count),
        face=np.zeros(count, int),
        time_seconds=np.arange(count) / 25,
        values={"valence_arousal": np.zeros((count, 2))},
        labels=Labels(valence_arousal=Label(label, np.float64(known))),
        success=np.ones(count, bool),
    )


def test_the_clips_that_move_most_are_shown_though_their_ends_have_no_label():
    rows = rows_of([0.01, 0.05, 0.03, 0.0, 0.04])
    shown = [trace.name for trace in report._traces(rows, rows)]
    assert shown == ["moves by 0.05", "moves by 0.04", "moves by 0.03"]
    assert len(report._traces(rows_of([0.0, 0.1], FRAMES), rows_of([0.0, 0.1], FRAMES))) == 2  # nothing is labeled
