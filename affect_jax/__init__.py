"""affect_jax: facial affect from images and clips, in JAX."""

__version__ = "0.2.0"  # pyproject.toml takes it from here
