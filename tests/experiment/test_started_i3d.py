"""I3D that starts from its network of stills: every kernel spread over time, heads of other emotions drawn anew."""

import numpy as np
import pytest

from affect_jax.convert.fold import is_square
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.derive.inflated_config import InflationConfig, inflate_config
from affect_jax.experiment.initialize import initial_variables
from affect_jax.experiment.network import make_network
from affect_jax.experiment.plain_folder import write_weights
from affect_jax.experiment.refuse import check_start
from affect_jax.experiment.run import Run
from affect_jax.nn.network import names, with_names
from configs import base, intensity

SIZES = {"width": 0.03, "input_px": 32}


def config_of(network, emotions, **sizes):
    config = intensity.get_config()
    config.model = base.model(network, emotions_rated=emotions, **{**SIZES, **sizes})
    return config


def stored(folder, config):
    """A plain folder of random weights."""
    folder.mkdir()
    claim.write_config(folder / "config.json", config)
    network, generator = make_network(parse(config)), np.random.default_rng(0)
    draws = {
        name: generator.normal(size=leaf.shape).astype(leaf.dtype) for name, leaf in names(network.abstract).items()
    }
    write_weights(folder, with_names(network.abstract, draws), 7)
    return folder, draws


@pytest.fixture(scope="module")
def stills(tmp_path_factory):
    config = config_of("intensity_inception", ("happy", "sad"))
    config.initialize.update(rule="scratch", workdir="")
    return stored(tmp_path_factory.mktemp("start") / "stills", config)


def started(stills, emotions, **sizes):
    config = config_of("intensity_i3d", emotions, **sizes)
    config.initialize.update(rule="inflate_mean", workdir=str(stills[0]))
    return parse(config)


def test_kernels_are_divided_over_time_and_all_else_is_taken_as_it_is(stills, tmp_path):
    run = started(stills, ("happy", "sad"))
    check_start(Run(run, tmp_path / "new"))
    found = names(initial_variables(run, make_network(run), tmp_path))
    assert set(found) == set(stills[1])
    lengths = set()
    for name, images in stills[1].items():
        array = np.asarray(found[name])
        if is_square(name, images.ndim):
            lengths.add(array.shape[0])
            np.testing.assert_allclose(array, np.stack([images / array.shape[0]] * array.shape[0]), rtol=1e-6)
        else:
            np.testing.assert_array_equal(array, images, err_msg=name)
    assert lengths == {1, 3, 7}


def test_the_head_of_other_emotions_is_drawn_anew(stills, tmp_path):
    run = started(stills, ("sad",))
    check_start(Run(run, tmp_path / "new"))
    found = names(initial_variables(run, make_network(run), tmp_path))
    copied = stills[1]["logits/kernel"]
    assert found["logits/kernel"].shape == (len(copied), 11) and copied.shape == (len(copied), 22)
    # Drawn are values of variance 1 / inputs, bias 0; those of `stills` are of variance 1.
    assert 0.5 < np.var(found["logits/kernel"]) * len(copied) < 1.5 and not np.any(found["logits/bias"])
    np.testing.assert_array_equal(found["mixed_5c/branch_0/norm/bias"], stills[1]["mixed_5c/branch_0/norm/bias"])


def test_networks_that_do_not_fit_are_refused(stills, tmp_path):
    with pytest.raises(UsageError, match=r"inflate_mean: .*stills holds '.*' of shape .*, .* in this network"):
        check_start(Run(started(stills, ("sad",), width=0.06), tmp_path / "new"))
    clips = config_of("intensity_i3d", ("sad",))
    clips.initialize.update(rule="scratch", workdir="")
    with pytest.raises(UsageError, match=r"holds a network of clips already; use initialize.rule=copy"):
        check_start(Run(started(stored(tmp_path / "clips", clips), ("sad",)), tmp_path / "new"))
    with pytest.raises(UsageError, match="can be inflated; train intensity_i3d with initialize.rule=inflate_mean inst"):
        inflate_config(stills[0], InflationConfig())
