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
    assert done.returncode == 0 and not done.stderr
    assert f"python -m launch.{command} --" in done.stdout
    own = re.findall(
        r"^  --(?:\[no\])?(\w+): (.*)$", done.stdout.partition(f"/launch/{command}.py:\n")[2], re.MULTILINE
    )
    assert {"output", "workdir", "config", "persons"} & {name for name, _ in own}
    assert all(text.strip() for _, text in own), own
    text = (ROOT / "launch" / f"{command}.py").read_text()
    assert text.count("\n") <= 60


DERIVE = GROUPS["Derive a network from another"]
OTHER_MEANINGS = {  # flags that mean something else than the flag of the same name in other commands
    ("sweep", "workdir"),  # the folder of many workdirs
    ("selftest", "workdir"),  # the folder of two runs
    ("selftest", "seed"),  # of the kills
    ("selftest", "processes"),  # which it starts by itself
    *((command, "workdir") for command in DERIVE if command != "certify"),  # of a network that is written
    ("convert", "from"),  # a file, not a workdir
    ("sweep", "sweep"),  # a Python file, not the folder of a finished sweep
    ("attention", "output"),  # a file, not a folder
    ("view", "input"),  # a table, not a video
    ("compare_groups", "columns"),  # of tables that are read
    ("import_lists", "output"),
    ("find_faces", "output"),  # of the report; landmarks go into the data set
    *(("find_faces", name) for name in ("data", "data_root")),  # of whole pictures, without a run
    ("live", "input"),  # a camera, too
    ("live", "video"),  # whether to record one
    ("adapt", "output"),  # a file, not a folder
    ("fine_tune_whole", "output"),
    ("fine_tune_whole", "iterations"),  # of adaptive learning, not of least squares
    ("fine_tune_whole", "seed"),  # of the frames that are learned from
    ("render_faces", "subject"),  # a number
    ("render_faces", "seed"),
    ("features", "faces"),  # of --input
    ("adapt", "faces"),
    ("export", "format"),  # of a network, not of tables
    ("compare_groups", "tables"),  # of many people, not of a person's days
    ("compare_groups", "rate"),  # of trajectories, not of false alarms
    ("compare_groups", "seed"),  # of permutations
    ("evaluate", "output"),  # of one evaluation, which usually has its place in the workdir
}


@pytest.mark.parametrize("word", ["-h", "--help", "--helpshort", "--version"])
def test_questions_end_with_0_whatever_else_is_on_the_line(word, tmp_path):
    done = launch("train", "--config=none.py", word, "--wrong=3", home=tmp_path)
    assert done.returncode == 0 and not done.stderr
    assert ("affect_jax 0." if word == "--version" else "--config: ") in done.stdout


def test_help_says_which_flags_are_required(tmp_path):
    parts = re.split(r"^  --", launch("predict", "-h", home=tmp_path).stdout, flags=re.MULTILINE)[1:]
    required = {part.partition(":")[0] for part in parts if "Required." in part}
    assert required == {"workdir", "input", "output"}


def help_texts(command, home):
    """The text of each flag of a command's own, without its choices and whether it is required."""
    tree = ElementTree.fromstring(launch(command, "--helpxml", home=home).stdout)
    own = [flag for flag in tree.iter("flag") if flag.findtext("key") == "yes" and "." not in flag.findtext("name")]
    texts = {flag.findtext("name"): flag.findtext("meaning").partition(";\n")[0] for flag in own}
    return {name: re.sub("^<.*?>: ", "", text).removesuffix(" Required.") for name, text in texts.items()}


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
    "no flag at all": ("train", [], "error: --config and --workdir are required\n"),
    "one flag": ("predict", ["--workdir=W", "--input=x"], "error: --output is required\n"),
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
    "no camera": (
        "live",
        ["--workdir=W", "--input=/dev/video77"],
        "--input=/dev/video77 does not exist; give a camera",
    ),
    "nothing to certify": ("certify", ["--workdir=W"], "W is not a workdir"),
    "nothing to look at": (
        "attention",
        ["--workdir=W", "--data=rendered", "--output=O.png"],
        "W is not a workdir",
    ),
    "faces that are cropped": (
        "find_faces",
        ["--data=fer2013", "--data_root=D"],
        "its reader takes no landmark tables",
    ),
    "no data to prepare": ("prepare_data", [], "error: --config is required\n"),
    "no data to find faces in": ("find_faces", ["--data=folder", "--data_root=D"], "no folder D; root is the folder"),
    "nothing to export": ("export", ["--workdir=W", "--output=O"], "W is not a workdir"),
    "an unknown format": (
        "export",
        ["--workdir=W", "--output=O", "--format=onnx,onx"],
        "--format=onx; choose from safetensors, stablehlo, onnx, web",
    ),
    "nothing to inflate": ("inflate", ["--from=W", "--workdir=V"], "W is not a workdir"),
    "nothing to factorize": ("factorize", ["--from=W", "--workdir=V", "--rank=2"], "W is not a workdir"),
    "no size of factors": (
        "factorize",
        ["--from=W", "--workdir=V"],
        "exactly one of --rank, --fraction and --energy is required; given: none",
    ),
    "two sizes of factors": (
        "factorize",
        ["--from=W", "--workdir=V", "--rank=2", "--energy=0.9"],
        "exactly one of --rank, --fraction and --energy is required; given: --rank, --energy",
    ),
    "unknown form": (
        "factorize",
        ["--from=W", "--workdir=V", "--rank=2", "--form=cpd"],
        "--form=cpd: value should be one of <cp|tucker|tt>",
    ),
    "nothing to prune": ("prune", ["--from=W", "--workdir=V"], "W is not a workdir"),
    "threshold above 1": ("prune", ["--from=W", "--workdir=V", "--threshold=2"], "[0.0, 1.0]"),
    "nothing to convert": ("convert", ["--from=none.pth", "--workdir=W"], "--from=none.pth is not a file"),
    "no folder for pictures": ("render_faces", [], "--output is required"),
    "no list to import": ("import_lists", ["--pickle=none.pkl", "--output=O"], "--pickle=none.pkl is not a file"),
    "no sweep file": (
        "sweep",
        [STATIC, "--sweep=none.py", "--workdir=W"],
        "none.py does not exist; configs are in configs/, such as configs/sweeps/rates.py",
    ),
    "settings of no evaluation": (
        "sweep",
        [STATIC, "--sweep=none.py", "--workdir=W", "--set=kind=clips"],
        "--set has no effect: without --data, no run is evaluated on other data",
    ),
    "a point that names no option": (
        "sweep",
        [STATIC, "--sweep=SPACE.py", "--workdir=W"],
        "config has no option 'optimizer.learning_rat'; did you mean 'optimizer.learning_rate'?",
    ),
    "a sweep without its config": ("sweep", ["--sweep=none.py", "--workdir=W"], "error: --config is required\n"),
    "a sweep that never began": ("sweep", ["--workdir=W"], "W holds no sweep.json; begin the sweep with --config"),
    "an unknown executor": (
        "sweep",
        ["--workdir=W", "--executor=slrum"],
        "--executor=slrum: value should be one of <inline|local|slurm>; did you mean 'slurm'?",
    ),
    "runs at once, one after another": (
        "sweep",
        ["--workdir=W", "--at_once=2"],
        "--at_once has no effect: --executor=inline trains one run after another",
    ),
    "options of a scheduler that is not asked": (
        "sweep",
        ["--workdir=W", "--sbatch=--gpus=1"],
        "--sbatch has no effect: only --executor=slurm submits anything",
    ),
    "a file of flags with a mistake": (
        "train",
        ["--flagfile=FLAGS", "--workdir=W"],
        "config has no option 'optimizer.learning_rat'; did you mean 'optimizer.learning_rate'?",
    ),
    "no file of flags": (
        "train",
        ["--flagfile=none.flags", "--workdir=W"],
        "error: Unable to open flagfile: [Errno 2]",
    ),
    "a choice with a slip": (
        "evaluate",
        ["--workdir=W", "--data=rendered", "--precision=bfloat61"],
        "--precision=bfloat61: value should be one of <float32|bfloat16>; did you mean 'bfloat16'?",
    ),
    "a reader with a slip": (
        "prepare_data",
        [STATIC, "--config.data.train.rendered.reader=renderd"],
        "unknown data.train.rendered.reader 'renderd'; choose one of action_units, afew_va",
    ),
    "no evaluation": ("report", ["--workdir=W", "--evaluation=x", "--output=O"], "run python -m launch.evaluate first"),
    "an empty path": ("train", [STATIC, "--workdir="], "--workdir= is empty; give a path"),
    "an empty output": ("predict", ["--workdir=W", "--input=x", "--output= "], "--output=  is empty; give a path"),
    "an empty root": ("evaluate", ["--workdir=W", "--data=affectnet", "--data_root="], "--data_root= is empty"),
    "an empty list of paths": ("report", ["--workdir=", "--evaluation=x", "--output=O"], "--workdir= is empty"),
    "an unknown home": ("render_faces", ["--output=~nobody-here/x"], "~nobody-here/x is in an unknown home folder"),
    "a file as workdir": ("train", [STATIC, f"--workdir={__file__}"], f"{__file__} is a file; expected a folder"),
    "a folder inside a file": (
        "render_faces",
        [f"--output={__file__}/a"],
        f"would be inside {__file__}, which is a file",
    ),
    "a name that leaves the workdir": (
        "evaluate",
        ["--workdir=W", "--data=rendered", "--name=../../x"],
        "--name=../../x: expected one name without '/'",
    ),
    "an evaluation outside the workdir": (
        "report",
        ["--workdir=W", "--evaluation=..", "--output=O"],
        "--evaluation=..",
    ),
    "a name and an output": (
        "evaluate",
        ["--workdir=W", "--data=rendered", "--name=x", "--output=O"],
        "give only one of --name and --output",
    ),
    "a folder as config": (
        "train",
        [f"--config={ROOT}", "--workdir=W"],
        f"{ROOT} is a folder; expected a file such as",
    ),
    "a table as config": ("train", ["--config=README.md", "--workdir=W"], "README.md is not a Python file"),
    "no batch": ("train", [STATIC, "--workdir=W", "--config.batch_size=0"], "batch_size is 0; it must be at least 1"),
    "no card": (
        "reproduce",
        ["--card=none.json", "--workdir=W"],
        "--card=none.json does not exist; give the run_card.json in the workdir of a finished run",
    ),
    "a foreign card": (
        "reproduce",
        [f"--card={ROOT}/pyproject.toml", "--workdir=W"],
        "pyproject.toml is damaged (not valid JSON",
    ),
    "nothing to list": ("options", [], "--config is required"),
    "nobody to learn": ("adapt", ["--workdir=W", "--output=O"], "error: --subject is required\n"),
    "a lesson of nothing": ("adapt", [], "error: --subject, --workdir and --output are required\n"),
    "nobody's usual days": ("adapt", ["--baseline"], "error: --subject, --tables and --persons are required\n"),
    "nowhere to write a person": ("adapt", ["--subject=anna"], "error: --workdir and --output are required"),
    "nothing to learn a person from": (
        "adapt",
        ["--workdir=W", "--subject=anna", "--output=O/anna.safetensors"],
        "exactly one of --features and --input is required; given: none",
    ),
    "a person who is a path": (
        "adapt",
        ["--workdir=W", "--subject=../anna", "--features=V", "--output=O/anna.safetensors"],
        "--subject=../anna: expected one name without '/'",
    ),
    "a file that is not called as the person": (
        "adapt",
        ["--workdir=W", "--subject=anna", "--features=V", "--output=O/ben.safetensors"],
        "expected the file anna.safetensors, whose name says whose it is",
    ),
    "a rest without an end": (
        "adapt",
        ["--workdir=W", "--subject=anna", "--features=V", "--neutral=3", "--output=O/anna.safetensors"],
        "--neutral=3: expected the first and the last second of a segment, as in 0,5",
    ),
    "usual days of no tables": (
        "adapt",
        ["--baseline", "--subject=anna"],
        "--tables and --persons are required",
    ),
    "nobody to forget": ("forget", ["--persons=W", "--subject=anna"], "W is no folder; give the one with the adapters"),
    "persons without adapters": (
        "predict",
        ["--workdir=W", "--input=x", "--output=O", "--assign=0:anna"],
        "--assign=0:anna has no effect without --persons, the folder of the adapters",
    ),
    "a person without a face": (
        "live",
        ["--workdir=W", "--input=x", "--persons=V", "--assign=anna,ben"],
        "--assign=anna,ben: expected faces and names, such as 0:anna,1:ben, or one name alone",
    ),
    "shares in words": (
        "compare_adaptation",
        ["--sources=W", "--targets=W", "--shares=some", "--output=O"],
        "--shares=some: expected numbers such as 0.05",
    ),
    "no features": (
        "compare_adaptation",
        ["--sources=W", "--targets=V", "--output=O"],
        "is missing; store the features again with python -m launch.features",
    ),
    "too many labels": (
        "calibrate_intensity",
        ["--sources=W", "--targets=V", "--output=O", "--share=0.7"],
        "--share=0.7: protocol: share is 0.7; expected a fraction from 0 to 0.2",
    ),
    "labels and iterations": (
        "fine_tune_whole",
        ["--workdir=W", "--sources=W", "--targets=V", "--data=d", "--output=O", "--iterations=1", "--shares=0.1"],
        "--shares has no effect: --iterations learns from the neutral segment alone",
    ),
    "no sweep": ("compare_sweeps", ["--sweep=W", "--output=O"], "holds no table.csv; run python -m launch.sweep"),
}


FILES = {
    "SPACE.py": """from affect_jax.experiment.config.space import Range, Search
def get_sweep():
    return Search({"optimizer.learning_rat": Range(1e-4, 1e-2)}, trials=2)
""",
    "FLAGS": f"# a comment\n{STATIC}\n--config.optimizer.learning_rat=1\n",
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_ends_with_2_and_one_clear_message(case, tmp_path):
    command, words, message = WRONG[case]
    words = [word.replace("=W", f"={tmp_path}/W").replace("=V", f"={tmp_path}/V") for word in words]
    words = [word.replace("=O", f"={tmp_path}/O") for word in words]
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
        words = [word.replace(f"={name}", f"={tmp_path}/{name}") for word in words]
    done = launch(command, *words, home=tmp_path / "home")
    assert done.returncode == 2, done.stderr
    assert message.replace("W is", f"{tmp_path}/W is") in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "W").exists() and not (tmp_path / "V").exists()


def test_a_failure_ends_with_1_and_one_clear_message(tmp_path):
    done = launch("render_faces", "--output=/proc/none/below", home=tmp_path)
    assert (done.returncode, done.stderr) == (1, "error: /proc/none: No such file or directory\n")


def test_a_tilde_in_a_path_is_the_home_folder(tmp_path):
    words = ("--output=~/a b", "--seconds=0.2", "--size_px=32")
    done = launch("render_faces", *words, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "home" / "a b" / "faces.png").is_file() and f"to {tmp_path}/home/a b" in done.stdout
    assert not (ROOT / "~").exists()


def test_without_a_home_a_command_runs_and_says_in_one_line_where_caches_are(tmp_path):
    environment = {**os.environ, "HOME": "/", "TMPDIR": str(tmp_path), "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    environment.pop("XDG_CACHE_HOME", None)
    call = [sys.executable, "-m", "launch.render_faces", f"--output={tmp_path}/out", "--seconds=0.2", "--size_px=32"]
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("there is no home folder: ") and f"{tmp_path}/affect_jax_" in line


def test_a_file_of_flags_gives_any_flag_and_option_and_what_follows_it_counts(tmp_path):
    flags = tmp_path / "a.flags"
    flags.write_text(
        f"# comments and empty lines count for nothing\n\n{STATIC}\n--config.train.steps=7\n--config.seed=3\n"
    )
    tuples = tmp_path / "more.flags"
    tuples.write_text(f"--flagfile={flags}\n--config.model.trunk.widths=(4, 8, 16)\n--config.data.store=a b\n")
    listed = launch("options", f"--flagfile={tuples}", "--config.seed=5", home=tmp_path)
    assert listed.returncode == 0, listed.stderr
    lines = [line.partition("  (")[0] for line in listed.stdout.splitlines()]
    expected = ("train.steps=7", "seed=5", "model.trunk.widths=(4, 8, 16)", "data.store=a b")
    assert {f"--config.{option}" for option in expected} <= set(lines)


def test_a_listed_option_can_be_given_to_training(tmp_path):
    listed = launch("options", STATIC, "--config.train.steps=7", home=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert "--config.train.steps=7  (default: 1000)" in listed.stdout.splitlines()
