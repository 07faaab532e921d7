"""One TFLite network as a function of a NumPy array."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float


def require_interpreter() -> type:
    """The class that runs TFLite networks; ImportError with an install hint where the extra `face` is missing."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ImportError('finding faces needs ai-edge-litert: pip install "affect_jax[face]"') from error
    return Interpreter


class Network:
    """A TFLite network with one picture as its input."""

    def __init__(self, weights: bytes, threads: int = 1):
        """Raises ImportError with an install hint where the extra `face` is missing."""
        runtime = require_interpreter()
        with _quiet_stderr():
            self._interpreter = runtime(model_content=weights, num_threads=threads)
            self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()
        self.size_px = int(self._input["shape"][1])

    def __call__(self, picture: Float[np.ndarray, "size_px size_px 3"]) -> list[Float[np.ndarray, "..."]]:
        """All outputs of one picture, in the order of the file, without their batch axis."""
        self._interpreter.set_tensor(self._input["index"], picture[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"])[0] for output in self._outputs]


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Holds back what the runtime writes to file descriptor 2 (a greeting); shows it when something fails."""
    with tempfile.TemporaryFile() as held:
        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
