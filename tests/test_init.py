"""`import affect_jax` takes no time and changes nothing; the names of the library are loaded when they are used."""

import ast
import pathlib
import subprocess
import sys

import pytest

import affect_jax

ROOT = pathlib.Path(__file__).parents[1]
PROGRAM = """
import logging, os, signal, sys, threading, warnings
from absl import flags

def state():
    root = logging.getLogger()
    return {
        "environment": dict(os.environ), "handlers": root.handlers[:], "level": root.level, "argv": list(sys.argv),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook), "threads": threading.active_count(),
        "flags": flags.FLAGS.is_parsed(), "warnings": warnings.filters[:],
    }

def changed(before, after):
    return sorted(name for name in before if before[name] != after[name])

first, modules = state(), set(sys.modules)
import affect_jax
print(changed(first, state()), sorted(name for name in set(sys.modules) - modules if "affect_jax" not in name))

import av, cv2, jax, matplotlib, orbax.checkpoint, pyarrow  # have changes of their own
logging.getLogger().handlers[:] = first["handlers"]
second, config = state(), dict(jax.config.values)
from affect_jax import load, plot, predict_images, predict_video, score
print(changed({**second, "config": config}, {**state(), "config": dict(jax.config.values)}))
"""


def test_the_import_is_light_and_nothing_global_changes():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[] ['typing']" if "'typing'" in done.stdout else "[] []", "[]"]
    assert not done.stderr


def test_every_name_of_the_library_is_there_and_no_other():
    assert set(affect_jax.__all__) <= set(dir(affect_jax))
    assert affect_jax.load.__module__ == "affect_jax.experiment.library.model"
    for name in affect_jax.__all__:
        assert getattr(affect_jax, name).__doc__
    with pytest.raises(AttributeError, match="module 'affect_jax' has no attribute 'train_all'"):
        _ = affect_jax.train_all


def test_type_checkers_see_the_names_that_are_loaded_late():
    tree = ast.parse((ROOT / "affect_jax" / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    assert [alias.name for alias in block.body[0].names] == affect_jax.__all__
