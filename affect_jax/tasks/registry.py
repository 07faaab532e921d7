"""Tasks by name."""

from collections.abc import Mapping

from affect_jax.tasks.affect import Affect, AffectConfig
from affect_jax.tasks.landmarks import Landmarks, LandmarksConfig

TASKS: Mapping[str, tuple[type, type]] = {
    "affect": (Affect, AffectConfig),
    "landmarks": (Landmarks, LandmarksConfig),
}
