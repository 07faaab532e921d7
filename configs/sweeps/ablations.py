"""Ablations on rendered faces: the full recipe, and the recipe with one part changed, with three seeds each.

Source: Toisoul et al., Nature Machine Intelligence 3, 2021, claim that landmark attention, emotions as a second task,
  shake-shake loss weights and distillation each help.
Command: python -m launch.train --config=configs/quickstart.py:landmarks --config.train.steps=400
  --workdir=runs/ablations_landmarks, then
  python -m launch.sweep --config=configs/clips.py:static --config.initialize.workdir=runs/ablations_landmarks
  --config.frozen="trunk/.*" --sweep=configs/sweeps/ablations.py --data=rendered --split=test --workdir=runs/ablations
Expected: a lower CCC without any of the parts.
Measured: attention -0.04 CCC, trunk trained too +0.12; the others have no effect that shows with three seeds
  (docs/results/ablations.md).
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
    """Seed by seed, so that an interrupted sweep contains complete comparisons; the teacher precedes its student."""
    points = []
    for seed in SEEDS:
        teacher = len(points)
        for label, options in PARTS.items():
            chosen = {name: value % teacher if "%03d" in str(value) else value for name, value in options.items()}
            points.append({"label": label, "seed": seed, **chosen})
    return points
