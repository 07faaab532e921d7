"""Every config parses, every option belongs, and what does not belong is refused by name."""

import ast
import importlib
import json
import pathlib
import re

import numpy as np
import pytest

from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.space import Search
from affect_jax.experiment.refuse import check_trainable
from affect_jax.experiment.run import Run
from affect_jax.ops.sequence import counting_window, window_starts
from configs import clips, quickstart, real_faces
from configs.sweeps.points.clips import NETWORKS

ROOT = pathlib.Path(__file__).parents[1]
CONFIGS = sorted(path.stem for path in (ROOT / "configs").glob("*.py") if path.stem not in ("__init__", "base"))


@pytest.mark.parametrize("name", CONFIGS)
def test_every_variant_parses_and_survives_config_json(name):
    module = importlib.import_module(f"configs.{name}")
    for variant in module.VARIANTS:
        config = module.get_config(variant)
        stored = json.loads(json.dumps(options.as_dict(config)))
        assert options.parse(stored) == options.parse(config)
        for part in (*config.data.train.values(), *config.evaluations.values()):
            assert part.split != "test", "a test split chooses nothing"


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "sweeps").glob("*.py")), ids=lambda path: path.stem)
def test_every_sweep_names_options_that_exist(path):
    module = importlib.import_module(f"configs.sweeps.{path.stem}")
    command = re.search(r"launch\.sweep --config=configs/(\w+)\.py:(\w+)", module.__doc__)
    name, variant = command.groups()
    flat = options.as_dict(importlib.import_module(f"configs.{name}").get_config(variant))
    assert re.search(r"^Measured: \S", module.__doc__, re.MULTILINE), f"{path.name} does not say what came out"
    points = module.get_sweep()
    if isinstance(points, Search):
        points = [{name: value} for name, values in points.fields.items() for value in values.probes()]
    assert len(points) > 1 and len({json.dumps(point, sort_keys=True) for point in points}) == len(points)
    for field in sorted({name for point in points for name in point} - {"label"}):
        section = flat
        for part in field.split("."):
            assert part in section, f"{path.name}: no option {field}"
            section = section[part]


@pytest.mark.parametrize("label", ["flat average", "flat average, causal"])
def test_no_window_of_an_evaluation_cuts_a_flat_average_short(label):
    config = clips.get_config("scratch")
    config.update_from_flattened_dict(NETWORKS[label])
    frames, time = config.data.frames, config.model.time
    after = 0 if time.causal else time.output_frames // 2
    before = time.output_frames - 1 - after
    places = np.arange(48)  # of the clips that the sweep is evaluated on
    starts = window_starts(len(places), frames, frames // 2)
    within = places - starts[counting_window(starts, frames, places, latest=time.causal)]
    assert (within >= np.minimum(before, places)).all()
    assert (frames - 1 - within >= np.minimum(after, places[::-1])).all()


def test_an_unknown_option_is_refused_with_the_nearest_one():
    config = options.as_dict(quickstart.get_config("static"))
    config["optimizer"]["learning_rat"] = 1e-3
    with pytest.raises(
        UsageError, match=r"optimizer has no option 'learning_rat'; did you mean optimizer\.learning_rate\?"
    ):
        options.parse(config)


def test_a_wrong_value_names_its_section():
    config = options.as_dict(quickstart.get_config("static"))
    config["model"]["trunk"]["input_px"] = 65
    with pytest.raises(UsageError, match=r"model\.trunk: input_px is 65; with depth 2 it must be a multiple of 16"):
        options.parse(config)
    config["model"]["name"] = "emonett"
    with pytest.raises(UsageError, match=r"unknown model.name 'emonett'; choose one of .*emonet"):
        options.parse(config)


FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "configs").rglob("*.py"))
PARTS = ("configs/base.py", "configs/sweeps/points/clips.py")  # that configs are made of


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith("__init__.py")])
def test_a_config_is_short_and_says_where_it_comes_from_and_what_came_of_it(name):
    text = (ROOT / name).read_text()
    assert len(text.splitlines()) <= 80
    headings = re.findall(r"^(Source|Command|Expected|Measured): ", ast.get_docstring(ast.parse(text)), re.MULTILINE)
    assert headings == ([] if name in PARTS else ["Source", "Command", "Expected", "Measured"])


def test_a_workdir_of_another_config_is_refused_and_left_alone(tmp_path):
    config = quickstart.get_config("static")
    claim.claim(tmp_path / "run", config)
    before = (tmp_path / "run" / "config.json").read_bytes()
    claim.claim(tmp_path / "run", config)
    config.optimizer.learning_rate = 0.5
    with pytest.raises(UsageError, match=r"another config \(optimizer.learning_rate: 0.01 there, 0.5 now\)"):
        claim.claim(tmp_path / "run", config)
    assert (tmp_path / "run" / "config.json").read_bytes() == before


def test_a_run_goes_on_though_an_option_was_added_since_unless_its_value_is_another(tmp_path):
    config = options.as_dict(quickstart.get_config("static"))
    older = {**config, "optimizer": {name: value for name, value in config["optimizer"].items() if name != "sparsity"}}
    claim.claim(tmp_path, older)
    claim.claim(tmp_path, config)
    assert "sparsity" not in claim.read_config(tmp_path)["optimizer"]
    with pytest.raises(UsageError, match=r"another config \(optimizer.sparsity: None there, 0.5 now\)"):
        claim.claim(tmp_path, {**config, "optimizer": {**config["optimizer"], "sparsity": 0.5}})


def test_a_folder_without_config_and_a_broken_one_are_named(tmp_path):
    with pytest.raises(UsageError, match="is not a workdir: it has no config.json"):
        claim.read_config(tmp_path)
    (tmp_path / "config.json").write_text('{"seed": 0,\n')
    with pytest.raises(UsageError, match=r"config.json, line 2: not valid JSON"):
        claim.read_config(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"train.best": "ccc/mean"},
            "train.best is 'ccc/mean'; expected the name of an evaluation, a slash and",
        ),
        ({"train.best": "-held/nme"}, "such as 'validation/ccc/mean'; evaluations: validation"),
    ],
)
def test_the_checkpoint_is_chosen_by_an_evaluation_of_the_run(change, message):
    config = quickstart.get_config("static")
    config.update_from_flattened_dict(change)
    with pytest.raises(UsageError, match=message):
        check_trainable(Run(options.parse(config), pathlib.Path("unused")))


@pytest.mark.parametrize("name", ["train", "held/out", "held.out"])
def test_an_evaluation_of_a_name_that_scores_cannot_stand_under_is_refused(name):
    config = options.as_dict(quickstart.get_config("static"))
    config["evaluations"] = {name: config["evaluations"]["validation"]}
    with pytest.raises(UsageError, match=rf"evaluations.{name}: expected a name of letters, digits"):
        options.parse(config)


def test_a_run_without_an_evaluation_is_refused():
    config = options.as_dict(quickstart.get_config("static"))
    config["evaluations"] = {}
    with pytest.raises(UsageError, match="evaluations is empty; name at least one data set"):
        check_trainable(Run(options.parse(config), pathlib.Path("unused")))


def test_a_weight_of_a_data_set_is_above_0():
    config = quickstart.get_config("static")
    config.data.train.rendered.weight = 0.0
    with pytest.raises(UsageError, match=r"data.train.rendered.weight is 0.0; it must be above 0"):
        options.parse(config)


def test_one_flag_chooses_the_fold_that_is_held_out():
    config = real_faces.get_config("fold")
    config.data.train.photographs.fold.index = 2
    run = options.parse(config)
    trained, held_out = run.data.train["photographs"].fold, run.evaluations["validation"].fold
    assert (trained.index, trained.of, trained.complement) == (2, 3, True)
    assert (held_out.index, held_out.of, held_out.complement) == (2, 3, False)
