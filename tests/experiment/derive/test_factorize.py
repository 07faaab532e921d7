"""Dense heads into factorized ones and components out of them, through the same functions as the commands."""

import builtins
import json

import numpy as np
import pytest

from affect_jax.experiment import initialize, restore
from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import factorize, growth, inflate
from affect_jax.experiment.derive.factorize import FactorizationConfig, factorize_run
from affect_jax.experiment.derive.inflated_config import InflationConfig
from affect_jax.experiment.network import make_network
from affect_jax.experiment.refuse import check_network, check_start, check_trainable
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.models.head_factors import rank_options
from affect_jax.nn.network import names

pytestmark = pytest.mark.slow  # whole runs


@pytest.fixture(scope="module")
def dense_run(miniature, tmp_path_factory):
    """Workdir of a static network whose head is dense."""
    root = tmp_path_factory.mktemp("dense")
    config = miniature(root, rank=0)
    config.train.steps = 1
    assert train(config, root / "dense")
    return root / "dense"


def arrays_of(workdir) -> dict[str, np.ndarray]:
    return {name: np.asarray(array) for name, array in names(restore.restore_run(workdir)[2]).items()}


def kernel64(arrays: dict, layer: str, form: str) -> np.ndarray:
    """The dense kernel that a layer's arrays make, in float64."""
    part = {
        name.rpartition("/")[2]: np.float64(array)
        for name, array in arrays.items()
        if name.startswith(f"{layer}/factors/")
    }
    axes = [part[name] for name in ("height", "width", "inputs", "outputs")]
    if form == "cp":
        return np.einsum("hr,wr,ir,or,r->hwio", *axes, part["scale"])
    if form == "tucker":
        return np.einsum("ha,wb,ip,oq,abpq->hwio", *axes, part["core"])
    return np.einsum("hpq,wqr,ip,or->hwio", *axes)


@pytest.mark.parametrize(
    "settings",
    [
        FactorizationConfig(rank=3, starts=1, iterations=20),
        FactorizationConfig(form="tucker", fraction=0.5, iterations=20),
        FactorizationConfig(form="tt", energy=0.9),
        FactorizationConfig(energy=0.9, starts=1, iterations=1),
    ],
    ids=lambda settings: f"{settings.form}{' by energy' if settings.energy else ''}",
)
def test_each_layer_has_the_error_that_is_reported_and_all_else_is_as_it_was(
    dense_run, tmp_path, settings, monkeypatch
):
    if settings.rank is None:  # compiling the network once for what changes is enough
        monkeypatch.setattr(factorize, "changes", lambda *_: {"largest_difference": 0.0, "differences": {}})
        monkeypatch.setattr(factorize, "log", lambda _: None)
    pytest.importorskip("tensorly", reason="needs the extra 'decompose'")
    found = factorize_run(dense_run, tmp_path / "V", settings)
    assert found == json.loads((tmp_path / "V" / "factors.json").read_text())
    before, after = arrays_of(dense_run), arrays_of(tmp_path / "V")
    layers = [name.removesuffix("/kernel") for name in before if "head/blocks" in name and "convs" in name]
    assert set(found["layers"]) == set(layers) and len(layers) == 3
    saved = 0
    for layer in layers:
        dense = np.float64(before.pop(f"{layer}/kernel"))
        error = np.linalg.norm(kernel64(after, layer, settings.form) - dense) / np.linalg.norm(dense)
        np.testing.assert_allclose(found["layers"][layer]["relative_error"], error, rtol=1e-3, atol=1e-6)
        arrays = [after.pop(name) for name in list(after) if name.startswith(f"{layer}/factors/")]
        count = sum(array.size for array in arrays)
        assert found["layers"][layer]["parameters"] == {"before": dense.size, "after": count}
        saved += dense.size - count
        smallest = max(found["layers"][layer]["ranks"].values()) == 1
        assert settings.fraction is None or count <= settings.fraction * dense.size or smallest
        np.testing.assert_allclose(found["layers"][layer]["energy_kept"], 1 - error**2, atol=1e-5)
        assert settings.energy is None or 1 - error**2 >= settings.energy - 1e-6
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)
    if settings.rank is not None:
        assert found["parameters"]["before"] - found["parameters"]["after"] == saved
        assert found["largest_difference"] == max(max(places.values()) for places in found["differences"].values()) > 0
        assert all(places["landmarks"] == 0 for places in found["differences"].values())


def test_at_full_rank_nothing_changes_and_the_run_can_be_inflated_and_trained_on(dense_run, tmp_path, monkeypatch):
    pytest.importorskip("tensorly", reason="needs the extra 'decompose'")
    found = factorize_run(dense_run, tmp_path / "V", FactorizationConfig(form="tt", energy=1.0))
    assert found["largest_difference"] < 1e-4
    monkeypatch.setattr(growth, "compare_networks", lambda *_: {"exact": True, "largest_difference": 0.0, "checks": []})
    inflate.inflate_run(tmp_path / "V", tmp_path / "inflated", InflationConfig(time_pool=3, frames=4))
    assert arrays_of(tmp_path / "inflated")["head/blocks/0/convs/0/factors/time"].shape[0] == 3
    with pytest.raises(UsageError, match=r"network factorized from .*dense; to train it further, .*rule=copy"):
        train(claim.read_config(tmp_path / "V"), tmp_path / "V")
    run = options.parse(
        claim.read_config(tmp_path / "V") | {"initialize": {"rule": "copy", "workdir": str(tmp_path / "V")}}
    )
    check_trainable(Run(run, tmp_path))
    check_network(Run(run, tmp_path))
    check_start(Run(run, tmp_path))
    copied = names(initialize.initial_variables(run, make_network(run), tmp_path))
    for name, array in arrays_of(tmp_path / "V").items():
        np.testing.assert_array_equal(copied[name], array, err_msg=name)


def test_a_second_call_changes_nothing_and_other_options_are_refused(dense_run, tmp_path, monkeypatch):
    pytest.importorskip("tensorly", reason="needs the extra 'decompose'")
    monkeypatch.setattr(factorize, "changes", lambda *_: {})
    monkeypatch.setattr(factorize, "log", lambda _: None)
    settings = FactorizationConfig(rank=2, starts=1, iterations=3)
    first = factorize_run(dense_run, tmp_path / "V", settings)
    before = (tmp_path / "V" / "factors.json").read_bytes()
    assert factorize_run(dense_run, tmp_path / "V", settings) == first
    with pytest.raises(UsageError, match=r"made with other options \(--iterations: 3 there, 4 now\)"):
        factorize_run(dense_run, tmp_path / "V", FactorizationConfig(rank=2, starts=1, iterations=4))
    with pytest.raises(UsageError, match=r"another config \(model.head.rank: 2 there, 3 now\)"):
        factorize_run(dense_run, tmp_path / "V", FactorizationConfig(rank=3, starts=1, iterations=3))
    assert (tmp_path / "V" / "factors.json").read_bytes() == before
    (tmp_path / "V" / "factors.json").unlink()
    with pytest.raises(UsageError, match=r"holds a run without factors.json"):
        factorize_run(dense_run, tmp_path / "V", settings)
    (tmp_path / "V" / "config.json").unlink()
    with pytest.raises(UsageError, match="holds other files; choose an empty or a new folder"):
        factorize_run(dense_run, tmp_path / "V", settings)


def test_what_has_no_dense_head_or_no_such_rank_is_refused(dense_run, static_run, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"its head is already factorized \(model.head.form 'cp', model.head.rank 4\)"):
        factorize_run(static_run, tmp_path / "V", FactorizationConfig(rank=2))
    with pytest.raises(UsageError, match=r"rank is 0.0; .* or a fraction of the dense kernel's parameters, above 0"):
        factorize_run(dense_run, tmp_path / "V", FactorizationConfig(fraction=0.0))
    with pytest.raises(UsageError, match=r"energy is 0.0; expected the fraction"):
        factorize_run(dense_run, tmp_path / "V", FactorizationConfig(energy=0.0))
    real = builtins.__import__

    def absent(name, *rest, **options):
        if name.startswith("tensorly"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(UsageError, match=r"decomposing a kernel needs TensorLy: pip install 'affect_jax\[decompose\]'"):
        factorize_run(dense_run, tmp_path / "V", FactorizationConfig(rank=2))
    assert not (tmp_path / "V").exists()


@pytest.mark.parametrize(
    ("form", "option", "message"),
    [
        ("tucker", {"starts": 5}, "--starts=5 has no effect with --form=tucker; remove it"),
        ("tt", {"starts": 1}, "--starts=1 has no effect with --form=tt"),
        ("tt", {"iterations": 9}, "--iterations=9 has no effect with --form=tt"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(dense_run, tmp_path, form, option, message):
    with pytest.raises(UsageError, match=message):
        factorize_run(dense_run, tmp_path / "V", FactorizationConfig(form=form, rank=2, **option))


def test_ranks_are_written_as_one_number_where_one_says_it(miniature, tmp_path):
    sizes = {name: {"height": 3, "width": 3, "inputs": 8, "outputs": 4} for name in ("a", "b", "c")}
    two = lambda inputs, outputs: {"inputs": inputs, "outputs": outputs}
    # 6 of 4 outputs are 4; 2x3 is said by no single number
    given = {"a": two(6, 4), "b": two(2, 3), "c": two(6, 4)}
    assert rank_options("tucker", given, sizes) == {"rank": 6, "ranks": (("b", (2, 3)),)}
    assert rank_options("cp", {"a": {"rank": 5}, "b": {"rank": 7}, "c": {"rank": 5}}, sizes) == {
        "rank": 5,
        "ranks": (("b", 7),),
    }
    config = miniature(tmp_path, form="tucker", rank=6, ranks=(("head/blocks/0/convs/1", (3, 1)),))
    arrays = names(make_network(options.parse(config)).abstract)
    shapes = [arrays[f"head/blocks/0/convs/{name}/factors/core"].shape for name in (0, 1)]
    assert shapes == [(3, 3, 6, 4), (3, 3, 3, 1)]
    config.model.head.ranks = (("head", (2, 3, 4)),)
    with pytest.raises(UsageError, match=r"ranks has \(2, 3, 4\) for 'head'; .*or one for each of inputs, outputs"):
        options.parse(config)
