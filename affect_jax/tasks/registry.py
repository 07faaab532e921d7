"""Tasks by name."""

from collections.abc import Mapping

from affect_jax.tasks.affect import Affect
from affect_jax.tasks.experts import Experts, ExpertsConfig
from affect_jax.tasks.intensity import Intensity, IntensityConfig
from affect_jax.tasks.landmarks import Landmarks, LandmarksConfig
from affect_jax.tasks.recipe import AffectConfig

TASKS: Mapping[str, tuple[type, type]] = {
    "affect": (Affect, AffectConfig),
    "experts": (Experts, ExpertsConfig),
    "intensity": (Intensity, IntensityConfig),
    "landmarks": (Landmarks, LandmarksConfig),
}
