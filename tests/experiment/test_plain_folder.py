"""A folder of exported weights in place of a workdir."""

import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from affect_jax.convert import safetensors_writing
from affect_jax.experiment import refuse, restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.export.command import export_run
from affect_jax.experiment.plain_folder import WEIGHTS, is_plain
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.nn.network import names

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plain(static_run, tmp_path_factory):
    """A copy of what was exported, without export.json: weights and config alone are enough."""
    root = tmp_path_factory.mktemp("plain")
    export_run(static_run, root / "exported", ["safetensors"])
    (root / "copied").mkdir()
    for name in (WEIGHTS, "config.json"):
        shutil.copyfile(root / "exported" / name, root / "copied" / name)
    return root / "copied"


def test_the_weights_come_back_bit_by_bit_with_their_step(static_run, plain):
    assert is_plain(plain) and not is_plain(static_run)
    _, _, there, step = restore.restore_run(static_run)
    _, _, here, same_step = restore.restore_run(plain)
    assert step == same_step == restore.best_step(plain)
    there, here = names(there), names(here)
    assert list(here) == list(there)
    for name, array in there.items():
        assert np.asarray(here[name]).tobytes() == np.asarray(array).tobytes(), name


def test_reading_the_network_imports_neither_orbax_nor_the_options_of_training(plain):
    program = (
        "import sys, pathlib\n"
        "for name in ('orbax', 'tensorstore', 'cv2', 'av', 'tensorflow_datasets', 'ml_collections'):\n"
        "    sys.modules[name] = None\n"  # importing it raises
        "from affect_jax.experiment.plain_folder import read_network\n"
        "network, variables = read_network(pathlib.Path(sys.argv[1]))\n"
        "from affect_jax.nn.network import names\n"
        "print(len(names(variables)))"
    )
    call = [sys.executable, "-c", program, str(plain)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, _, variables, _ = restore.restore_run(plain)
    assert int(done.stdout) == len(names(variables))


def test_an_evaluation_of_the_copy_gives_the_table_of_the_workdir(static_run, plain, tmp_path):
    settings = ["size_px=48", "subjects=2", "per_subject=2"]
    tables = []
    for workdir in (static_run, plain):
        folder, _ = evaluate_run(workdir, "rendered", "", "test", settings, output=tmp_path / workdir.name)
        tables.append((folder / "predictions.csv").read_bytes())
    assert tables[0] == tables[1]


def test_a_run_can_start_from_it_but_not_in_it(plain, tmp_path, miniature):
    config = miniature(tmp_path)
    config.initialize.rule, config.initialize.workdir = "copy", str(plain)
    refuse.check_start(Run(parse(config), tmp_path / "new"))
    with pytest.raises(UsageError, match="initialize.rule copy: .* holds 'head/.*' of shape"):
        other = miniature(tmp_path, rank=2)
        other.initialize.update(config.initialize)
        refuse.check_start(Run(parse(other), tmp_path / "new"))
    with pytest.raises(
        UsageError, match=f"{plain} holds weights.safetensors of a network that was exported, .* cannot"
    ):
        train(miniature(tmp_path), plain)
    assert sorted(path.name for path in plain.iterdir()) == ["config.json", WEIGHTS]


def test_it_can_be_exported_again(plain, tmp_path):
    export_run(plain, tmp_path / "again", ["safetensors"])
    assert (tmp_path / "again" / WEIGHTS).read_bytes() == (plain / WEIGHTS).read_bytes()


@pytest.fixture
def broken(plain, tmp_path):
    return pathlib.Path(shutil.copytree(plain, tmp_path / "broken"))


def test_a_truncated_file_is_refused_with_a_remedy(broken):
    data = (broken / WEIGHTS).read_bytes()
    (broken / WEIGHTS).write_bytes(data[: len(data) // 2])
    with pytest.raises(UsageError, match="lie outside the .* of the file.*; copy the folder again, or export it again"):
        restore.restore_run(broken)
    (broken / WEIGHTS).write_bytes(b"")
    with pytest.raises(UsageError, match="is not a safetensors file: .*; copy the folder again"):
        restore.best_step(broken)


def test_weights_of_another_program_are_refused(broken):
    safetensors_writing.write(broken / WEIGHTS, {"conv.weight": np.float32([1])}, {"format": "pt"})
    with pytest.raises(UsageError, match="does not say of which training step .* python -m launch.convert"):
        restore.best_step(broken)


def test_weights_that_do_not_fit_the_config_are_refused(broken):
    config = json.loads((broken / "config.json").read_text())
    config["model"]["head"]["rank"] = 3
    (broken / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="contains another network than config.json describes: '.*' has shape"):
        restore.restore_run(broken)
