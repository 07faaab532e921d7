"""Eight fake CPU devices, strict promotion, checked shapes: set before anything imports JAX."""

import os
import pathlib
import tempfile
from collections.abc import Callable
from fractions import Fraction

os.environ["JAX_PLATFORMS"] = os.environ.get("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
os.environ.setdefault("MPLBACKEND", "Agg")

import av
import jax
import numpy as np
import pytest
from absl import flags
from jaxtyping import install_import_hook

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_compilation_cache_dir", os.path.join(tempfile.gettempdir(), "affect_jax_test_cache"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)

install_import_hook("affect_jax", "beartype.beartype")
if not flags.FLAGS.is_parsed():
    flags.FLAGS.mark_as_parsed()  # Grain asks for parsed absl flags

SHARED_DATA = pathlib.Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> pathlib.Path:
    """The folder of real faces, videos and label files; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real material in ../shared/data, which is not part of the repository")
    return SHARED_DATA


@pytest.fixture(scope="session")
def landmarker_file() -> pathlib.Path:
    """Google's face landmarker, out of the cache or fetched once; tests that need it skip where it cannot be had."""
    from affect_jax.faces import model_file

    try:
        return model_file.resolve()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture
def write_film() -> Callable[..., pathlib.Path]:
    """Writes flat gray frames of the given levels, stored in another order than they are shown where the codec can.

    `ticks` of 1/90000 s say when each is shown; without them they come `rate` a second.
    """

    def write(path, levels, codec="libx264", rate=25, ticks=None) -> pathlib.Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, options={"bf": "2", "g": "12"})
            stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 32, 32, "yuv420p", 4_000_000
            if ticks is not None:
                stream.codec_context.time_base = Fraction(1, 90000)
            for place, level in enumerate(levels):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), level, np.uint8), format="rgb24")
                if ticks is not None:
                    frame.pts, frame.time_base = ticks[place], Fraction(1, 90000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write
