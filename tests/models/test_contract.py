"""A model does what it declares, and other code relies on nothing else."""

import ast
import pathlib

import jax
import jax.numpy as jnp
import pytest

from affect_jax.experiment.config.typed import typed
from affect_jax.models.contract import Contract, ModelConfig, with_emotions
from affect_jax.models.registry import MODELS
from affect_jax.nn.network import Network
from affect_jax.quantities.registry import QUANTITIES

ROOT = pathlib.Path(__file__).parents[2] / "affect_jax"
SIZES = {"input_px": 32, "widths": (4, 8, 12), "modules": 1, "depth": 1}
HEAD = {"blocks": 1, "rank": 2}


OVER_TIME = {"clip", "landmark_clip", "intensity_i3d", "intensity_clip"}
OF_EXPERTS = {"experts", "gate", "shares"}  # predictions that are no quantities, beside those of a mixture


def small(name: str, **time) -> ModelConfig:
    if name == "experts":
        return typed(MODELS[name][1], {"features": 5, "context": 2, "mixture": {"count": 3}}, "model")
    if name in ("intensity_i3d", "intensity_inception"):
        return typed(MODELS[name][1], {"width": 0.0625, "input_px": 32}, "model")
    sections = {"trunk": SIZES}
    if "landmark" not in name:
        sections["head"] = HEAD
    if "clip" in name:
        sections["time"] = time
    return typed(MODELS[name][1], sections, "model")


@pytest.mark.parametrize("name", MODELS)
def test_a_network_takes_and_predicts_what_its_contract_says(name):
    config = small(name)
    contract = config.contract
    batch = (2, 9) if contract.over_time else (2,)
    shape = jax.ShapeDtypeStruct((*batch, *contract.input_shape), jnp.float32)
    network = Network(lambda rngs: MODELS[name][0](config, rngs=rngs))
    predicted = jax.eval_shape(network.predict, network.abstract, shape)
    assert contract.takes == ("features" if name == "experts" else "images")
    assert set(predicted) - (OF_EXPERTS if contract.experts else set()) == set(contract.predicts) <= set(QUANTITIES)
    for each in OF_EXPERTS & set(predicted):
        assert predicted[each].shape[:2] == (2, contract.experts)
    for quantity in contract.predicts:
        assert predicted[quantity].shape[: len(batch)] == batch
    if "landmarks" in contract.predicts:
        height, width = predicted["landmarks"].shape[-3:-1]
        assert contract.largest_map == height * width * SIZES["widths"][-1]


@pytest.mark.parametrize("name", MODELS)
def test_the_label_set_gives_the_number_of_emotions_to_a_model_that_predicts_them(name):
    config = small(name)
    changed = with_emotions(config, 5)
    assert (changed == config) == ("emotion" not in config.contract.predicts)
    assert getattr(changed, "emotions", 5) == 5


def test_only_a_network_over_time_can_be_causal_and_says_so():
    assert small("clip", causal=True).contract.causal and small("landmark_clip", causal=True).contract.causal
    assert not any(small(name).contract.causal for name in MODELS)
    assert {name for name in MODELS if small(name).contract.over_time} == OVER_TIME


def test_an_impossible_contract_is_rejected():
    with pytest.raises(ValueError, match="a model takes 'sound'; choose one of images, landmarks, features"):
        Contract(takes="sound")
    with pytest.raises(ValueError, match="execution is 'fast'; choose one of auto, direct, winograd"):
        Contract(execution="fast")
    with pytest.raises(ValueError, match="the network takes features, and only its data set knows how many numbers"):
        _ = Contract(takes="features").input_shape


ASKED = ("map_px", "widths", "input_px", "largest_map")  # of a model, by the contract alone
OF_FILES = ("convert",)  # sizes that the shapes of another program's file show


def questions(path: pathlib.Path) -> list[str]:
    """Places where a file relies on something that a model's contract does not declare."""
    tree = ast.parse(path.read_text())
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("affect_jax.models"):
            imported |= {alias.asname or alias.name for alias in node.names}
    found = []
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Call | ast.Attribute) else ""
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            of_model = owner.endswith(".model") and node.attr != "contract"
            of_size = node.attr in ASKED and not owner.endswith(("contract", "settings"))
            if of_model or (of_size and path.parent.name not in OF_FILES):
                found.append(text)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            asks = node.func.id in ("hasattr", "getattr") and ast.unparse(node.args[0]).endswith(".model")
            named = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            if asks or (node.func.id == "isinstance" and named & imported):
                found.append(text)
    return [f"{path.relative_to(ROOT)}, line: {text}" for text in found]


def test_nothing_outside_models_depends_on_the_class_or_the_attributes_of_a_model():
    files = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] != "models"]
    assert len(files) > 100
    found = [question for path in files for question in questions(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "run.model.trunk.input_px",
        "config.map_px**2",
        "hasattr(options.model, 'emotions')",
        "getattr(run.model, 'causal', False)",
        "isinstance(run.model, TimeConfig)",
        "isinstance(network.config, TimeConfig)",
    ],
)
def test_such_a_dependence_would_be_found(line, tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    file = tmp_path / "file.py"
    file.write_text(f"from affect_jax.models.time_layers import TimeConfig\n{line}\n")
    assert questions(file)
