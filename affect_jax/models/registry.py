"""All networks by name."""

from flax import nnx

from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.experts import Experts, ExpertsConfig
from affect_jax.models.intensity_clip import IntensityClip, IntensityClipConfig
from affect_jax.models.intensity_i3d import IntensityI3D, IntensityI3DConfig
from affect_jax.models.intensity_inception import IntensityInception, IntensityInceptionConfig
from affect_jax.models.landmark_clip import LandmarkClipNetwork, LandmarkClipNetworkConfig
from affect_jax.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig

MODELS: dict[str, tuple[type[nnx.Module], type]] = {
    "landmarks": (LandmarkNetwork, LandmarkNetworkConfig),
    "emonet": (EmoNet, EmoNetConfig),
    "clip": (ClipNetwork, ClipNetworkConfig),
    "intensity_i3d": (IntensityI3D, IntensityI3DConfig),
    "intensity_inception": (IntensityInception, IntensityInceptionConfig),
    "intensity_clip": (IntensityClip, IntensityClipConfig),
    "landmark_clip": (LandmarkClipNetwork, LandmarkClipNetworkConfig),
    "experts": (Experts, ExpertsConfig),
}
CLIP_NETWORKS = {"emonet": "clip", "landmarks": "landmark_clip"}  # static network -> its version for clips
