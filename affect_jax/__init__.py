"""affect_jax: facial affect from images and clips, in JAX.

  from affect_jax import load, predict_video

The names below are loaded when they are first used: the import itself takes no time and changes nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affect_jax.experiment.library import Model, load, plot, predict_images, predict_video, score

__version__ = "0.2.0"  # pyproject.toml takes it from here
__all__ = ["Model", "load", "plot", "predict_images", "predict_video", "score"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'affect_jax' has no attribute '{name}'")
    from affect_jax.experiment.root_logging import leave_logging_alone

    with leave_logging_alone():
        from affect_jax.experiment import library

    return getattr(library, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
