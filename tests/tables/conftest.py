import pytest
from intensity import Intensity

from affect_jax.quantities.registry import QUANTITIES


@pytest.fixture(autouse=True)
def intensity(monkeypatch):
    monkeypatch.setitem(QUANTITIES, "intensity", Intensity())
