"""The library: what `from affect_jax import ...` offers, without flags and without changes to global state."""

from affect_jax.experiment.library.images import predict_images
from affect_jax.experiment.library.model import Model, load
from affect_jax.experiment.library.plotting import plot
from affect_jax.experiment.library.scoring import score
from affect_jax.experiment.library.video import predict_video

__all__ = ["Model", "load", "plot", "predict_images", "predict_video", "score"]
