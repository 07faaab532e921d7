import pytest

from affect_jax.draw import axes
from affect_jax.report.sections import adaptation, attention, circumplex, comparison, confusion, curves, levels, traces


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were written during a test."""
    figures = []

    def keep(figure):
        figures.append(figure)
        return axes.to_png(figure)

    for module in (adaptation, attention, circumplex, comparison, confusion, curves, levels, traces):
        monkeypatch.setattr(module, "to_png", keep)
    return figures
