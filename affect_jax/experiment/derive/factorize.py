"""A trained network with dense kernels in its head as one with factorized kernels, and what that lost."""

import dataclasses
import pathlib
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from absl import logging

from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive import write
from affect_jax.experiment.derive.changes import changes, log
from affect_jax.experiment.network import make_builder
from affect_jax.experiment.restore import restored
from affect_jax.models.contract import model_options
from affect_jax.models.head_factors import LINKS, rank_options
from affect_jax.models.parts import find_layers, join_path
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.network import Network, Variables, names, with_names
from affect_jax.ops.factors import parameter_count, resolve_rank
from affect_jax.ops.factors.decompose import Decomposition, decompose, rank_by_energy

FACTORS = "factors.json"
IDLE = {"cp": (), "tucker": ("starts",), "tt": ("starts", "iterations")}  # options that do nothing, by form


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the kernels become; one of rank, fraction and energy is given."""

    form: str = "cp"  # of models.head_factors.FORMS
    rank: int | None = None
    fraction: float | None = None  # of the dense kernel's parameters that are kept at most
    energy: float | None = None  # share of the dense kernel's sum of squares that the ranks are to keep
    starts: int = 3  # of alternating least squares: cp
    iterations: int = 200  # of alternating least squares: cp, tucker


def factorize_run(source: pathlib.Path, workdir: pathlib.Path, wanted: Wanted) -> dict:
    """Writes `workdir` with the factorized network at step 0 and factors.json; returns what stands there.

    UsageError for a network without dense kernels in a head, ranks that there are not, options that would do nothing,
    or without TensorLy.
    """
    _refuse_idle(wanted)
    run, network, variables, step = restored(source)
    _check(source, run)
    module = network.module(variables)
    paths = [path for path in find_layers(module, Conv3x3) if path[0] == "head"]
    arrays = names(variables)
    kernels = {join_path(path): np.asarray(arrays[f"{join_path(path)}/kernel"]) for path in paths}
    search = {"starts": wanted.starts, "iterations": wanted.iterations, "seed": run.seed}
    try:
        ranks = {name: _ranks(kernel, wanted, search) for name, kernel in kernels.items()}
        config = _config(source, wanted, ranks, kernels)
        if (there := write.there(workdir, config, FACTORS, step)) is not None:
            return _same(workdir, there, wanted)
        found, lost = {}, {}
        for name, kernel in kernels.items():
            found[name] = decompose(kernel, wanted.form, ranks[name], **search)
            lost[name] = _lost(name, kernel, ranks[name], found[name])
    except ImportError as error:
        raise UsageError(str(error)) from error
    made = options.parse(config)
    target = Network(make_builder(made))
    numbers = _numbers(target, arrays, found)
    note = {
        "from": str(source),
        "step": step,
        "wanted": dataclasses.asdict(wanted),
        "layers": lost,
        **changes(run, module, made, target.module(numbers), paths),
    }
    write.write(workdir, config, target, numbers, {FACTORS: note})
    log(note)
    return note


def _check(source: pathlib.Path, run: Options) -> None:
    head = model_options(run.model).get("head")
    if head is None:
        raise UsageError(
            f"{source} holds a network '{run.model_name}', which has no affect head; only heads are factorized"
        )
    if run.contract.over_time:
        raise UsageError(
            f"{source} holds a clip network; factorize the static network, then give it time: python -m launch.inflate"
        )
    if head["rank"]:
        raise UsageError(
            f"{source}: its head is factorized already (model.head.form '{head['form']}', model.head.rank "
            f"{head['rank']}); python -m launch.prune makes cp kernels smaller"
        )


def _refuse_idle(wanted: Wanted) -> None:
    """UsageError for an option that was given and would do nothing."""
    for name in IDLE[wanted.form]:
        if getattr(wanted, name) != getattr(Wanted(), name):
            raise UsageError(f"--{name}={getattr(wanted, name)} does nothing with --form={wanted.form}; leave it out")


def _ranks(kernel: np.ndarray, wanted: Wanted, search: Mapping[str, int]) -> dict[str, int]:
    """The ranks of a layer, by name, as a config can say them: a tucker kernel's taps in full."""
    try:
        if wanted.energy is not None:
            found = rank_by_energy(kernel, wanted.form, wanted.energy, **search)
        else:
            rank = wanted.rank if wanted.rank is not None else wanted.fraction
            found = resolve_rank(wanted.form, _sizes(kernel), rank)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return {link: found[link] for link in LINKS[wanted.form]}


def _sizes(kernel: np.ndarray) -> dict[str, int]:
    return dict(zip(("height", "width", "inputs", "outputs"), kernel.shape, strict=True))


def _config(source: pathlib.Path, wanted: Wanted, ranks: Mapping, kernels: Mapping[str, np.ndarray]) -> dict:
    config = claim.read(source)
    sizes = {name: _sizes(kernel) for name, kernel in kernels.items()}
    head = {
        **config["model"]["head"],
        **rank_options(wanted.form, ranks, sizes),
        "form": wanted.form,
        "between": "linear",  # only linear layers equal dense kernels
    }
    if wanted.form != "cp":
        head["component_dropout"] = 0.0
    model = {**config["model"], "head": head}
    return {**config, "model": model, "initialize": {"rule": "factorized", "workdir": str(source)}}


def _numbers(target: Network, arrays: Mapping, found: Mapping[str, Decomposition]) -> Variables:
    """The numbers of the new network: factors in the place of kernels, all else as it was."""
    kept = {name: array for name, array in arrays.items() if name.removesuffix("/kernel") not in found}
    made = {
        f"{name}/factors/{key}": jnp.asarray(array) for name, one in found.items() for key, array in one.factors.items()
    }
    return with_names(target.abstract, {**kept, **made})


def _lost(name: str, kernel: np.ndarray, ranks: Mapping[str, int], found: Decomposition) -> dict:
    """What is noted of a layer, and said as soon as it is known: a decomposition may take minutes."""
    before, after = int(kernel.size), int(parameter_count(found.factors))
    rank, error, energy = "x".join(map(str, ranks.values())), found.relative_error, 1 - found.relative_error**2
    line = "%s: rank %s, relative error %.3f, energy kept %.3f, %d -> %d parameters"
    logging.info(line, name, rank, error, energy, before, after)
    return {
        "ranks": dict(ranks),
        "relative_error": error,
        "energy_kept": energy,
        "parameters": {"before": before, "after": after},
    }


def _same(workdir: pathlib.Path, there: dict, wanted: Wanted) -> dict:
    """What stands there; UsageError if other options made it."""
    if changed := claim.differences(there["wanted"], dataclasses.asdict(wanted), "--"):
        raise UsageError(f"--workdir={workdir} was made with other options ({'; '.join(changed)}); choose another")
    return there
