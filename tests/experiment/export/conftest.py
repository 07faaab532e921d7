"""A network that was never trained, in a plain folder: what an export needs, without a training."""

import jax
import pytest

from affect_jax.experiment.config.claim import write_config
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.network import make_network
from affect_jax.experiment.plain_folder import write_weights
from configs import base

TRUNK = {"input_px": 32, "widths": (4, 8, 8), "modules": 1, "depth": 2}


@pytest.fixture(scope="session")
def make_folder(tmp_path_factory):
    """Writes a plain folder: `make_folder(model, frames, **sections)`."""

    def make(model="emonet", frames=0, **sections):
        folder = tmp_path_factory.mktemp("network") / "small"
        folder.mkdir()
        config = base.base()
        config.batch_size, config.label_set, config.data.frames = 2, "affectnet_8", frames
        config.model = base.model(model, execution="direct", trunk=TRUNK, **sections)
        config.task = base.task("landmarks" if "landmark" in model else "affect")
        write_config(folder / "config.json", config)
        run = parse(config)
        write_weights(folder, make_network(run).initial(jax.random.key(0)), 7)
        return folder

    return make


@pytest.fixture(scope="session")
def static_folder(make_folder):
    return make_folder(head={"blocks": 1, "rank": 4})


@pytest.fixture(scope="session")
def causal_folder(make_folder):
    return make_folder("clip", 6, head={"blocks": 1, "rank": 4}, time={"causal": True, "pool": 3})
