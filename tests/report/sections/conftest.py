import pytest

from affect_jax.draw import axes
from affect_jax.report.sections import attention, circumplex, comparison, confusion, curves, traces


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were written during a test."""
    figures = []

    def keep(figure):
        figures.append(figure)
        return axes.png(figure)

    for module in (attention, circumplex, comparison, confusion, curves, traces):
        monkeypatch.setattr(module, "png", keep)
    return figures
