"""A program's logging is its own: absl's handler goes away again, and warnings are shown meanwhile."""

import subprocess
import sys

PROGRAM = """
import logging
from absl import logging as absl_logging
from affect_jax.experiment.root_logging import leave_logging_alone

with leave_logging_alone():
    absl_logging.warning("the video is truncated")
    place = ("/x/orbax/checkpoint/registry.py", 1)
    absl_logging.get_absl_logger().handle(logging.LogRecord("absl", logging.WARNING, *place, "replaced", (), None))
assert not logging.getLogger().handlers
logging.basicConfig(format="mine: %(message)s", level=logging.INFO)
with leave_logging_alone():
    absl_logging.warning("the face is lost")
assert len(logging.getLogger().handlers) == 1
logging.info("of the program")
"""


def test_warnings_are_shown_and_the_handlers_of_a_program_are_its_own():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "WARNING:absl:the video is truncated",
        "mine: the face is lost",
        "mine: of the program",
    ]
