"""Eight fake CPU devices, strict promotion, checked shapes: set before anything imports JAX."""

import os
import pathlib
import tempfile

os.environ["JAX_PLATFORMS"] = os.environ.get("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
os.environ.setdefault("MPLBACKEND", "Agg")

import jax
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
