"""config.json holds the version that wrote it; a version with other options is refused."""

import json

import pytest

import affect_jax
from affect_jax.experiment import cli
from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from configs import quickstart

CONFIG = options.as_dict(quickstart.get_config("static"))
HERE = affect_jax.__version__
VERSIONS = {"wrote none": None, "older": "0.1.9", "newer": "0.3.0", "no version": 2}


def written(folder, version):
    """A workdir whose config.json names this version; None: none, as the first version wrote it."""
    claim.claim(folder, CONFIG)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    assert config.pop("affect_jax") == HERE
    path.write_text(json.dumps(config if version is None else {**config, "affect_jax": version}))
    return path


@pytest.mark.parametrize("case", VERSIONS)
def test_a_workdir_of_a_version_with_other_options_is_refused_and_left_alone(tmp_path, case, capsys):
    version = VERSIONS[case]
    path = written(tmp_path, version)
    before = path.read_bytes()
    uses = (
        lambda: claim.read_config(tmp_path),
        lambda: claim.read_options(tmp_path),
        lambda: claim.claim(tmp_path, CONFIG),
    )
    for use in uses:
        assert cli._call(use) == 2
        assert capsys.readouterr().err == (
            f"error: {path} was written by affect_jax {'0.1' if version is None else version} (this is {HERE}), which "
            "has other options: train from scratch in another --workdir, or use that version\n"
        )
    assert path.read_bytes() == before


def test_the_version_is_no_option_and_a_patch_changes_none(tmp_path):
    written(tmp_path, ".".join([*HERE.split(".")[:2], "99"]))
    assert "affect_jax" not in claim.read_config(tmp_path)
    assert claim.read_options(tmp_path) == options.parse(CONFIG)
    claim.claim(tmp_path, CONFIG)


def test_a_run_goes_on_with_another_number_of_workers_and_with_nothing_else(tmp_path):
    claim.claim(tmp_path, CONFIG)
    before = (tmp_path / "config.json").read_bytes()
    claim.claim(tmp_path, {**CONFIG, "data": {**CONFIG["data"], "workers": 4}})
    assert (tmp_path / "config.json").read_bytes() == before
    with pytest.raises(UsageError, match=r"holds a run of another config \(data.frames: 0 there, 4 now"):
        claim.claim(tmp_path, {**CONFIG, "data": {**CONFIG["data"], "frames": 4, "hop": 2, "workers": 4}})
    with pytest.raises(UsageError, match=r"data.workers is -1; expected a number of processes, or 0 for threads"):
        options.parse({**CONFIG, "data": {**CONFIG["data"], "workers": -1}})
