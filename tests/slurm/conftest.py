"""One Slurm cluster for all tests of this folder, which skip where it cannot be had."""

import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator

import pytest
from slurm_cluster import INSTALL, Cluster, missing_programs

ROOT = pathlib.Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "slurm"):
            item.add_marker(pytest.mark.slurm)


@pytest.fixture(scope="session")
def slurm() -> Iterator[Cluster]:
    """A running cluster whose jobs find this checkout, one processor device and the tests' compilation cache."""
    if absent := missing_programs():
        pytest.skip(f"needs a Slurm: {', '.join(absent)} not found ({INSTALL})")
    # A short path, for the sake of the sockets in it.
    with tempfile.TemporaryDirectory(prefix="slurm_") as folder, Cluster(pathlib.Path(folder)) as cluster:
        cluster.environment.update(
            PYTHONPATH=f"{ROOT}:{ROOT / 'tests' / 'reference'}",
            PATH=f"{pathlib.Path(sys.executable).parent}:{cluster.environment['PATH']}",
            JAX_PLATFORMS="cpu",
            XLA_FLAGS="",
            JAX_COMPILATION_CACHE_DIR=os.path.join(tempfile.gettempdir(), "affect_jax_test_cache"),
            JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0",
        )
        yield cluster
