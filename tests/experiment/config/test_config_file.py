"""Files of users that are run: a mistake in one is reported with its line, and what is no such file is named."""

import pathlib

import pytest
from ml_collections import ConfigDict

from affect_jax.experiment.config import config_file
from affect_jax.experiment.config.claim import claim
from affect_jax.experiment.config.config_file import load_config, load_sweep
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.config.space import Search

ROOT = pathlib.Path(__file__).parents[3]
GOOD = """
from ml_collections import ConfigDict

def get_config(variant="a"):
    return ConfigDict({"seed": 1, "v": variant})
"""

BROKEN = {
    "a syntax error": ("def get_config(:\n    pass\n", r"{path}, line 1: invalid syntax"),
    "an unclosed bracket": ("\n\nx = (1,\n", r"{path}, line 3: '\(' was never closed"),
    "a name that does not exist": ("x = 1\ny = z\n", r"{path}, line 2: NameError: name 'z' is not defined"),
    "an import of nothing": ("\nimport no_such_module\n", r"{path}, line 2: ModuleNotFoundError: No module named"),
    "no function": ("x = 1\n", r"{path} does not define get_config\(\), which returns a ConfigDict"),
    "a function that is none": ("get_config = 3\n", r"{path} does not define get_config\(\)"),
    "an error in the function": (
        "def get_config():\n    config = {}\n    return config['model']\n",
        r"{path}, line 3: KeyError: model",
    ),
    "an unknown option": (
        "from configs import base\ndef get_config():\n    return base.section(base.TrainConfig, step=3)\n",
        r"{path}, line 3: TrainConfig has no option 'step'; did you mean TrainConfig.steps\?",
    ),
    "a misspelt option": (
        "from configs import base\ndef get_config():\n    c = base.base()\n    c.trian.steps = 3\n    return c\n",
        r"{path}, line 4: AttributeError: .*trian",
    ),
    "its own refusal": ("def get_config():\n    raise ValueError('set the root')\n", r"^set the root$"),
    "another type": (
        "def get_config():\n    return {'seed': 1}\n",
        r"get_config\(\) returned dict; expected a ConfigDict",
    ),
    "nothing returned": ("def get_config():\n    pass\n", r"returned NoneType; expected a ConfigDict"),
    "an exit": ("raise SystemExit(3)\n", r"{path}, line 1: SystemExit: 3"),
    "no variants": ("def get_config():\n    pass\n", r"TypeError: get_config\(\) takes 0 positional arguments"),
    "bytes that are no text": (b"x = '\xff'\n", r"{path}.*: .*(utf-8|UTF-8)"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_in_a_config_is_reported_with_its_line(case, tmp_path):
    source, message = BROKEN[case]
    path = tmp_path / "mine.py"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    with pytest.raises(UsageError, match=message.format(path=path)):
        load_config(f"{path}:b" if case == "no variants" else str(path))


def test_what_is_no_config_is_named(tmp_path):
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(UsageError, match=r"list\.csv is not a Python file; expected a file such as configs/quickstart"):
        load_config(str(tmp_path / "list.csv"))
    for folder in (tmp_path, tmp_path / "folder.py"):
        with pytest.raises(UsageError, match=rf"{folder} is a folder; expected a file such as"):
            load_config(str(folder))
    with pytest.raises(UsageError, match=r"none\.py does not exist; configs are in configs/"):
        load_config(str(tmp_path / "none.py:static"))


def test_a_variant_follows_the_last_colon_also_in_a_folder_with_one(tmp_path):
    folder = tmp_path / "a:b"
    folder.mkdir()
    (folder / "mine.py").write_text(GOOD)
    assert load_config(f"{folder}/mine.py").v == "a"
    assert load_config(f"{folder}/mine.py:c").v == "c"


def test_our_own_configs_are_found_from_anywhere_and_a_file_that_is_there_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert isinstance(load_config("configs/quickstart.py:static"), ConfigDict)
    assert load_sweep("configs/sweeps/rates.py")[0] == {"optimizer.learning_rate": 1e-3, "optimizer.weight_decay": 0.0}
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "quickstart.py").write_text(GOOD)
    assert load_config("configs/quickstart.py:static").v == "static"


@pytest.mark.parametrize("text", ["configs/quickstart.py:static", "configs/clips.py:scratch"])
def test_the_config_that_a_run_has_written_is_read_as_the_one_it_was_given(text, tmp_path):
    config = load_config(text)
    claim(tmp_path, config)
    again = load_config(f"{tmp_path}/config.json")
    assert parse(again) == parse(config)
    again.update_from_flattened_dict({"model.trunk.widths": (4, 8, 16)})  # lists are tuples, which flags can replace


def test_a_recorded_config_of_another_version_or_that_is_damaged_is_refused(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"affect_jax": "0.1.0"}')
    with pytest.raises(UsageError, match=r"config.json was written by affect_jax 0.1.0"):
        load_config(str(path))
    path.write_text("{")
    with pytest.raises(UsageError, match=r"config.json, line 1: not valid JSON"):
        load_config(str(path))


def test_a_search_is_returned_as_it_is():
    search = load_sweep("configs/sweeps/search.py")
    assert isinstance(search, Search) and search.trials == 6


def test_a_config_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.py").write_text(GOOD)
    parser = config_file.ConfigParser()
    assert parser.parse("~/mine.py:d").v == parser.loaded.v == "d"


SWEEPS = {
    "an empty list": ("def get_sweep():\n    return []\n", r"{path}: get_sweep\(\) returned an empty list"),
    "no list": ("def get_sweep():\n    return 3\n", r"{path}: TypeError: 'int' object is not iterable"),
    "a point that is none": ("def get_sweep():\n    return [{{}}, 3]\n", r"{path}: point 1 of get_sweep\(\) is 3;"),
    "no function": ("x = 1\n", r"{path} does not define get_sweep\(\), which returns a list of"),
    "an empty range": (
        "from affect_jax.experiment.config.space import Range, Search\n"
        "def get_sweep():\n    return Search({{'seed': Range(3, 1)}}, trials=2)\n",
        r"{path}, line 3: Range\(3, 1\) is empty; expected a low end below the high end",
    ),
    "an error": ("def get_sweep():\n    yield 1 / 0\n", r"{path}, line 2: ZeroDivisionError: division by zero"),
}


@pytest.mark.parametrize("case", SWEEPS)
def test_a_sweep_without_points_or_with_a_mistake_is_refused(case, tmp_path):
    source, message = SWEEPS[case]
    path = tmp_path / "sweep.py"
    path.write_text(source.format())
    with pytest.raises(UsageError, match=message.format(path=path)):
        load_sweep(str(path))
