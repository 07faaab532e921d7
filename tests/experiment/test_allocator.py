"""The allocator's settings, each in a process of its own."""

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from affect_jax.experiment.allocator import keep_memory
kept = keep_memory()
for _ in range(3):
    np.ones(8_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(8_000_000)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(**settings: str) -> tuple[str, int]:
    """What `keep_memory` says, and the page faults of twenty arrays of 64 MB after it."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    run = subprocess.run([sys.executable, "-c", FAULTS], env={**plain, **settings}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    kept, count = run.stdout.split()
    return kept, int(count)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's")
def test_large_arrays_take_the_memory_of_those_before_unless_the_environment_says_otherwise():
    kept, few = faults()
    own, many = faults(MALLOC_TRIM_THRESHOLD_="100000", MALLOC_MMAP_THRESHOLD_="100000")
    assert (kept, own) == ("True", "False")
    assert few < 100 and many > 1000
