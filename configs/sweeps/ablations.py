"""What each part of the recipe is worth on rendered faces: three seeds of everything, and of all but one part.

Source: claims of Toisoul et al., Nature Machine Intelligence 3, 2021: landmark attention, the emotions as a second
  task, shake-shake weights and distillation each help.
Command: python -m launch.train --config=configs/quickstart.py:landmarks --workdir=runs/quickstart/landmarks, then
  python -m launch.sweep --config=configs/quickstart.py:static --config.train.steps=1000
  --config.train.evaluate_every=500 --sweep=configs/sweeps/ablations.py --data=rendered --split=test
  --workdir=runs/ablations
Measured: attention -0.04 CCC, trunk trained too +0.12, the others nothing that three seeds can show (BUILD_NOTES.md).
"""

SEEDS = (0, 1, 2)
PARTS = {
    "everything": {},
    "no landmark attention": {"model.head.attention": False},
    "no emotion task": {"task.emotion_weight": 0.0},
    "fixed thirds, no shake-shake": {"task.mixing": "fixed"},
    "distilled from 'everything'": {"task.teacher": "{sweep}/%03d"},
    "trunk trained too": {"frozen": ""},
}


def get_sweep():
    """Seed by seed, so that a sweep that is cut short has whole comparisons; the teacher comes before its student."""
    points = []
    for seed in SEEDS:
        teacher = len(points)
        for label, options in PARTS.items():
            chosen = {name: value % teacher if "%03d" in str(value) else value for name, value in options.items()}
            points.append({"label": label, "seed": seed, **chosen})
    return points
