import pytest

from affect_jax.report import attention, circumplex, confusion, curves, style, traces


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved during a test."""
    figures = []

    def keep(figure, path):
        figures.append(figure)
        style.save(figure, path)

    for module in (attention, circumplex, confusion, curves, traces):
        monkeypatch.setattr(module, "save", keep)
    return figures
