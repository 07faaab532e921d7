"""A TFLite network as a function of a NumPy array."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float


def require_interpreter() -> type:
    """Returns the TFLite interpreter class; ImportError with an install hint if the extra `face` is not installed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ImportError('finding faces needs ai-edge-litert: pip install "affect_jax[face]"') from error
    return Interpreter


class Interpreter:
    """A TFLite network that takes one array."""

    def __init__(self, weights: bytes, threads: int = 1):
        """Raises ImportError with an install hint if the extra `face` is not installed."""
        runtime = require_interpreter()
        with _quiet_stderr():
            self._interpreter = runtime(model_content=weights, num_threads=threads)
            self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()
        self.input_shape = tuple(int(length) for length in self._input["shape"])

    def __call__(self, array: Float[np.ndarray, "..."]) -> list[Float[np.ndarray, "..."]]:
        """Returns all outputs, in the order of the model file."""
        self._interpreter.set_tensor(self._input["index"], array)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"]) for output in self._outputs]


class Network:
    """A TFLite network that takes one image."""

    def __init__(self, weights: bytes, threads: int = 1):
        """Raises ImportError with an install hint if the extra `face` is not installed."""
        self._interpreter = Interpreter(weights, threads)
        self.size_px = self._interpreter.input_shape[1]

    def __call__(self, image: Float[np.ndarray, "size_px size_px 3"]) -> list[Float[np.ndarray, "..."]]:
        """Returns all outputs for one image, in the order of the model file, without their batch axis."""
        return [output[0] for output in self._interpreter(image[None])]


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Suppresses what the runtime writes to stderr (a startup message), unless an exception is raised."""
    with tempfile.TemporaryFile() as captured:
        # The runtime is C++ and writes to file descriptor 2, not to sys.stderr.
        original = os.dup(2)
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except BaseException:
            captured.seek(0)
            os.write(original, captured.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)
