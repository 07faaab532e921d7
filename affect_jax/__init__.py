"""affect_jax: facial affect from images and clips, in JAX."""

__version__ = "0.1.0"
