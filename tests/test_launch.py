"""The commands as a stranger meets them: help, exit codes, one clear line instead of a traceback."""

import ast
import os
import pathlib
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from launch.__main__ import GROUPS

ROOT = pathlib.Path(__file__).parents[1]
COMMANDS = tuple(command for commands in GROUPS.values() for command in commands)
STATIC = "--config=configs/quickstart.py:static"


def launch(command, *words, home):
    environment = {**os.environ, "HOME": str(home), "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    call = [sys.executable, "-m", f"launch.{command}", *words]
    return subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def is_command(path):
    """Whether a file of launch/ starts something: it has a main() and a line that runs it."""
    tree = ast.parse(path.read_text())
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return "main" in names and path.stem != "__main__"


def test_every_launcher_stands_in_exactly_one_group():
    files = [path.stem for path in (ROOT / "launch").glob("*.py") if is_command(path)]
    assert sorted(COMMANDS) == sorted(files)


def test_the_list_of_commands_has_a_line_for_each_and_does_not_import_jax(tmp_path):
    program = (
        "import runpy, sys; sys.argv = ['launch']; code = 0\n"
        "try: runpy.run_module('launch', run_name='__main__')\n"
        "except SystemExit as end: code = end.code\n"
        "sys.exit(code or 3 * ('jax' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines() if line.startswith("  launch.")]
    assert [name for name, _ in lines] == [f"launch.{command}" for command in COMMANDS]
    assert all(text.endswith(".") and len(text) <= 100 for _, text in lines), lines


def test_a_command_after_the_package_is_refused_with_its_right_name(tmp_path):
    call = [sys.executable, "-m", "launch", "train"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "run python -m launch.train" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_and_every_flag_has_a_text(command, tmp_path):
    done = launch(command, "--help", home=tmp_path)
    assert f"python -m launch.{command} --" in done.stdout
    own = re.findall(
        r"^  --(?:\[no\])?(\w+): (.*)$", done.stdout.partition(f"/launch/{command}.py:\n")[2], re.MULTILINE
    )
    assert {"output", "workdir"} & {name for name, _ in own}
    assert all(text.strip() for _, text in own), own
    text = (ROOT / "launch" / f"{command}.py").read_text()
    assert text.count("\n") <= 60


DERIVE = GROUPS["Derive a network from another"]
OTHER_MEANINGS = {  # flags that mean something else than the flag of the same name in other commands
    ("sweep", "workdir"),  # the folder of many workdirs
    *((command, "workdir") for command in DERIVE if command != "certify"),  # of a network that is written
    ("convert", "from"),  # a file, not a workdir
    ("sweep", "sweep"),  # a Python file, not the folder of a finished sweep
    ("attention", "output"),  # a file, not a folder
    ("import_lists", "output"),
}


def help_texts(command, home):
    """The text of each flag of a command's own."""
    tree = ElementTree.fromstring(launch(command, "--helpxml", home=home).stdout)
    own = [flag for flag in tree.iter("flag") if flag.findtext("key") == "yes" and "." not in flag.findtext("name")]
    texts = {flag.findtext("name"): flag.findtext("meaning").partition(";\n")[0] for flag in own}
    return {name: re.sub("^<.*?>: ", "", text) for name, text in texts.items()}  # without the choices


def test_flags_of_one_name_have_one_text(tmp_path):
    found = {}
    for command in COMMANDS:
        for name, text in help_texts(command, tmp_path).items():
            assert text[0].isupper() and text.endswith("."), f"--{name} of launch.{command}: '{text}'"
            if (command, name) not in OTHER_MEANINGS:
                found.setdefault(name, {}).setdefault(text, []).append(command)
    different = {name: texts for name, texts in found.items() if len(texts) > 1}
    assert not different
    shared = {name for name, texts in found.items() if len(next(iter(texts.values()))) > 1}
    assert {"workdir", "from", "config", "data", "data_root", "split", "set", "output", "precision"} <= shared


WRONG = {
    "no flag at all": ("train", [], "Flag --config must have a value"),
    "unknown flag": ("train", ["--wokdir=x"], "Did you mean: workdir"),
    "missing config": ("train", ["--config=configs/none.py", "--workdir=W"], "configs/none.py does not exist"),
    "unknown variant": ("train", ["--config=configs/quickstart.py:stat", "--workdir=W"], "unknown variant 'stat'"),
    "unknown option": (
        "train",
        [STATIC, "--workdir=W", "--config.optimizer.learning_rat=1"],
        "did you mean 'optimizer.learning_rate'?",
    ),
    "wrong type": ("train", [STATIC, "--workdir=W", "--config.batch_size=many"], "batch"),
    "no such run": ("evaluate", ["--workdir=W", "--data=rendered"], "W is not a workdir"),
    "no input": ("predict", ["--workdir=W", "--input=none.mp4", "--output=O"], "--input=none.mp4 does not exist"),
    "nothing to certify": ("certify", ["--workdir=W"], "W is not a workdir"),
    "nothing to look at": (
        "attention",
        ["--workdir=W", "--data=rendered", "--output=O.png"],
        "W is not a workdir",
    ),
    "nothing to inflate": ("inflate", ["--from=W", "--workdir=V"], "W is not a workdir"),
    "nothing to factorize": ("factorize", ["--from=W", "--workdir=V", "--rank=2"], "W is not a workdir"),
    "no size of factors": ("factorize", ["--from=W", "--workdir=V"], "Exactly one of (rank, fraction, energy)"),
    "two sizes of factors": (
        "factorize",
        ["--from=W", "--workdir=V", "--rank=2", "--energy=0.9"],
        "Exactly one of (rank, fraction, energy)",
    ),
    "unknown form": (
        "factorize",
        ["--from=W", "--workdir=V", "--rank=2", "--form=cpd"],
        "--form=cpd: value should be one of <cp|tucker|tt>",
    ),
    "nothing to prune": ("prune", ["--from=W", "--workdir=V"], "W is not a workdir"),
    "threshold above 1": ("prune", ["--from=W", "--workdir=V", "--threshold=2"], "[0.0, 1.0]"),
    "nothing to convert": ("convert", ["--from=none.pth", "--workdir=W"], "--from=none.pth is not a file"),
    "no folder for pictures": ("render_faces", [], "Flag --output must have a value"),
    "no list to import": ("import_lists", ["--pickle=none.pkl", "--output=O"], "--pickle=none.pkl is not a file"),
    "no sweep file": ("sweep", [STATIC, "--sweep=none.py", "--workdir=W"], "--sweep=none.py is not a file"),
    "no evaluation": ("report", ["--workdir=W", "--evaluation=x", "--output=O"], "run python -m launch.evaluate first"),
    "no sweep": ("compare_sweeps", ["--sweep=W", "--output=O"], "holds no table.csv; run python -m launch.sweep"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_ends_with_2_and_one_clear_message(case, tmp_path):
    command, words, message = WRONG[case]
    words = [word.replace("=W", f"={tmp_path}/W").replace("=V", f"={tmp_path}/V") for word in words]
    words = [word.replace("=O", f"={tmp_path}/O") for word in words]
    done = launch(command, *words, home=tmp_path / "home")
    assert done.returncode == 2, done.stderr
    assert message.replace("W is", f"{tmp_path}/W is") in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "W").exists() and not (tmp_path / "V").exists()


def test_a_failure_ends_with_1_and_one_clear_message(tmp_path):
    (tmp_path / "file").write_text("")
    done = launch("render_faces", f"--output={tmp_path}/file/below", home=tmp_path)
    assert done.returncode == 1 and "Not a directory" in done.stderr and "Traceback" not in done.stderr
