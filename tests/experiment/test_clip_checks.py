"""One box for all frames of a window needs windows, and whole images."""

import pytest

from affect_jax.experiment.clip_checks import check_clips
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.config.stored import check_stored
from affect_jax.experiment.run import Run
from configs import quickstart


@pytest.fixture
def config():
    config = quickstart.get_config("clip")
    config.crop.one_box = True
    return config


def test_one_box_is_for_networks_that_take_windows(config, tmp_path):
    check_clips(Run(parse(config), tmp_path))
    config.model.time.causal = True
    with pytest.raises(UsageError, match=r"crop.one_box is on, but .* is causal, and sees one frame after another, so"):
        check_clips(Run(parse(config), tmp_path))
    static = quickstart.get_config("static")
    static.crop.one_box = True
    with pytest.raises(UsageError, match="is static, so there are no windows whose frames could be cropped alike"):
        check_clips(Run(parse(static), tmp_path))


def test_one_box_cannot_be_taken_out_of_stored_crops(config):
    config.data.store = "store"
    check_stored(parse(config))
    config.data.stored.update(crop_px=256, margin=4.0)
    with pytest.raises(UsageError, match=r"crop.one_box is on, .*set data.stored.crop_px=0 to store whole images"):
        check_stored(parse(config))
