"""Factorizes the dense kernels in a trained network's head, and reports the approximation error."""

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
from affect_jax.experiment.restore import restore_run
from affect_jax.models.contract import model_options
from affect_jax.models.head_factors import LINKS, rank_options
from affect_jax.models.parts import find_layers, join_path
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.network import Network, Variables, names, with_names
from affect_jax.ops.factors import parameter_count, resolve_rank
from affect_jax.ops.factors.decompose import Decomposition, decompose, rank_by_energy

FACTORS = "factors.json"
UNUSED = {"cp": (), "tucker": ("starts",), "tt": ("starts", "iterations")}  # options without effect, by form


@dataclasses.dataclass(frozen=True)
class FactorizationConfig:
    """How to factorize the kernels; exactly one of rank, fraction and energy is set."""

    form: str = "cp"  # one of models.head_factors.FORMS
    rank: int | None = None
    fraction: float | None = None  # largest share of the dense kernel's parameters to use
    energy: float | None = None  # least share of the dense kernel's sum of squares to keep
    starts: int = 3  # of alternating least squares: cp
    iterations: int = 200  # of alternating least squares: cp, tucker


def factorize_run(source: pathlib.Path, workdir: pathlib.Path, settings: FactorizationConfig) -> dict:
    """Writes `workdir` with the factorized network at step 0 and factors.json; returns the content of the latter.

    UsageError for a network without dense kernels in a head, for impossible ranks, for options without effect, or if
    TensorLy is not installed.
    """
    _refuse_unused(settings)
    with write.reserve(workdir):
        return _factorize(source, workdir, settings)


def _factorize(source: pathlib.Path, workdir: pathlib.Path, settings: FactorizationConfig) -> dict:
    run, network, variables, step = restore_run(source)
    _check(source, run)
    module = network.module(variables)
    paths = [path for path in find_layers(module, Conv3x3) if path[0] == "head"]
    arrays = names(variables)
    kernels = {join_path(path): np.asarray(arrays[f"{join_path(path)}/kernel"]) for path in paths}
    search = {"starts": settings.starts, "iterations": settings.iterations, "seed": run.seed}
    try:
        ranks = {name: _ranks(kernel, settings, search) for name, kernel in kernels.items()}
        config = _config(source, settings, ranks, kernels)
        if (existing := write.existing_result(workdir, config, FACTORS, step)) is not None:
            return _require_same_settings(workdir, existing, settings)
        decompositions, notes = {}, {}
        for name, kernel in kernels.items():
            decompositions[name] = decompose(kernel, settings.form, ranks[name], **search)
            notes[name] = _layer_note(name, kernel, ranks[name], decompositions[name])
    except ImportError as error:
        raise UsageError(str(error)) from error
    factorized = options.parse(config)
    target = Network(make_builder(factorized))
    new_variables = _replace_kernels(target, arrays, decompositions)
    note = {
        "from": str(source),
        "step": step,
        "settings": dataclasses.asdict(settings),
        "layers": notes,
        **changes(run, module, factorized, target.module(new_variables), paths),
    }
    write.write_run(workdir, config, target, new_variables, {FACTORS: note})
    log(note)
    return note


def _check(source: pathlib.Path, run: Options) -> None:
    head = model_options(run.model).get("head")
    if head is None:
        raise UsageError(
            f"{source} holds a network '{run.model_name}', which has no affect head; only heads can be factorized"
        )
    if run.contract.over_time:
        raise UsageError(
            f"{source} holds a clip network; factorize the static network, then inflate it: python -m launch.inflate"
        )
    if head["rank"]:
        raise UsageError(
            f"{source}: its head is already factorized (model.head.form '{head['form']}', model.head.rank "
            f"{head['rank']}); python -m launch.prune makes cp kernels smaller"
        )


def _refuse_unused(settings: FactorizationConfig) -> None:
    """UsageError for a given option without effect."""
    for name in UNUSED[settings.form]:
        if getattr(settings, name) != getattr(FactorizationConfig(), name):
            raise UsageError(f"--{name}={getattr(settings, name)} has no effect with --form={settings.form}; remove it")


def _ranks(kernel: np.ndarray, settings: FactorizationConfig, search: Mapping[str, int]) -> dict[str, int]:
    """The named ranks of a layer that a config can express; a Tucker kernel keeps the full rank of its taps."""
    try:
        if settings.energy is not None:
            ranks = rank_by_energy(kernel, settings.form, settings.energy, **search)
        else:
            rank = settings.rank if settings.rank is not None else settings.fraction
            ranks = resolve_rank(settings.form, _sizes(kernel), rank)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return {link: ranks[link] for link in LINKS[settings.form]}


def _sizes(kernel: np.ndarray) -> dict[str, int]:
    return dict(zip(("height", "width", "inputs", "outputs"), kernel.shape, strict=True))


def _config(
    source: pathlib.Path, settings: FactorizationConfig, ranks: Mapping, kernels: Mapping[str, np.ndarray]
) -> dict:
    config = claim.read_config(source)
    sizes = {name: _sizes(kernel) for name, kernel in kernels.items()}
    head = {
        **config["model"]["head"],
        **rank_options(settings.form, ranks, sizes),
        "form": settings.form,
        "between": "linear",  # only linear layers equal dense kernels
    }
    if settings.form != "cp":
        head["component_dropout"] = 0.0
    model = {**config["model"], "head": head}
    return {**config, "model": model, "initialize": {"rule": "factorized", "workdir": str(source)}}


def _replace_kernels(target: Network, arrays: Mapping, decompositions: Mapping[str, Decomposition]) -> Variables:
    """The variables of the new network: factors instead of kernels, everything else unchanged."""
    replaced = {name: array for name, array in arrays.items() if name.removesuffix("/kernel") not in decompositions}
    for name, decomposition in decompositions.items():
        for factor, array in decomposition.factors.items():
            replaced[f"{name}/factors/{factor}"] = jnp.asarray(array)
    return with_names(target.abstract, replaced)


def _layer_note(name: str, kernel: np.ndarray, ranks: Mapping[str, int], decomposition: Decomposition) -> dict:
    """The note on a layer, logged right away because a decomposition may take minutes."""
    before, after = int(kernel.size), int(parameter_count(decomposition.factors))
    error = decomposition.relative_error
    energy = 1 - error**2
    line = "%s: rank %s, relative error %.3f, energy kept %.3f, %d -> %d parameters"
    logging.info(line, name, "x".join(map(str, ranks.values())), error, energy, before, after)
    return {
        "ranks": dict(ranks),
        "relative_error": error,
        "energy_kept": energy,
        "parameters": {"before": before, "after": after},
    }


def _require_same_settings(workdir: pathlib.Path, existing: dict, settings: FactorizationConfig) -> dict:
    """Returns an existing result; UsageError if it was made with other options."""
    if changed := claim.differences(existing["settings"], dataclasses.asdict(settings), "--"):
        raise UsageError(f"--workdir={workdir} was made with other options ({'; '.join(changed)}); choose another")
    return existing
