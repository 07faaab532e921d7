"""Exports with a symbolic number of faces, which annotations such as tuple[int, ...] do not know as a number."""

import contextlib

import jaxtyping


@contextlib.contextmanager
def unchecked_annotations():
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
