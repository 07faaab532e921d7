"""Inflation as a workdir of its own, and its certificate once more for anybody."""

import dataclasses
import pathlib

from absl import logging

from affect_jax.data.windows import WindowConfig
from affect_jax.experiment import build, derived, growth, options
from affect_jax.experiment.errors import UsageError
from affect_jax.experiment.trained import opened, require, restored
from affect_jax.models.certificate import certificate, sentences
from affect_jax.models.registry import CLIP_NETWORKS

FORMS = {  # rule of the command -> form of the layers, and how their numbers start
    "factorized": ("factorized", "inflate"),
    "channelwise": ("channelwise", "inflate"),
    "dense": ("dense", "inflate"),
    "i3d": ("dense", "inflate_mean"),
    "static": ("", "inflate"),
}


@dataclasses.dataclass(frozen=True)
class Growth:
    """What is to look along time; fields as in the clip network's config, `frames` as in the data's."""

    rule: str = "factorized"  # of FORMS
    layers: str = ""  # "" = head, or trunk where there is no head
    time_kernel: int = 3
    time_pool: int = 9
    recurrent: str = ""
    output_average: str = ""
    causal: bool = False
    frames: int = 16


def inflate_run(source: pathlib.Path, workdir: pathlib.Path, wanted: Growth) -> dict:
    """Writes `workdir` with the grown network at step 0, its certificate in inflation.json and in the checkpoint."""
    require(source)
    config = _config(source, wanted)
    run = options.parse(config)
    if (note := derived.there(workdir, config, growth.CERTIFICATE)) is not None:
        return note
    found, module = growth.grown(source, run)
    network = build.network(run)
    derived.write(workdir, config, network, network.variables(module), {growth.CERTIFICATE: found}, certificate=found)
    for line in sentences(found):
        logging.info("%s", line)
    return found


def _config(source: pathlib.Path, wanted: Growth) -> dict:
    config = options.read(source)
    name = config["model"]["name"]
    form, rule = FORMS[wanted.rule]
    time = {
        name: getattr(wanted, name) for name in ("time_kernel", "time_pool", "recurrent", "output_average", "causal")
    }
    base = {clip: static for static, clip in CLIP_NETWORKS.items()}.get(name, name)
    if base not in CLIP_NETWORKS:
        raise UsageError(f"{source} holds a network '{name}'; only {', '.join(CLIP_NETWORKS)} can be inflated")
    if wanted.rule == "static":
        if base == name:
            raise UsageError(f"{source} holds a static network '{name}' already; --rule=static takes time away")
        _refuse_idle(wanted, [field.name for field in dataclasses.fields(Growth) if field.name != "rule"])
        kept = dataclasses.asdict(options.MODELS[base][1]())
        model = {**{key: value for key, value in config["model"].items() if key in kept}, "name": base}
        data = {"frames": 0, "hop": 0, "windows": dataclasses.asdict(WindowConfig())}
        # patterns may name what has gone, or all that is left
        config |= {"frozen": "", "fixed_statistics": "", "optimiser": {**config["optimiser"], "rates": ""}}
    else:
        data = {"frames": wanted.frames}
        layers = wanted.layers or ("trunk" if base == "landmarks" else "head")
        fields = dataclasses.asdict(options.MODELS[CLIP_NETWORKS[base]][1]())
        _refuse_idle(wanted, [name for name in time if name not in fields])
        time = {**time, "time_form": form, "time_layers": layers}
        model = {**config["model"], **{key: value for key, value in time.items() if key in fields}}
        model["name"] = CLIP_NETWORKS[base]
    return {
        **config,
        "model": model,
        "data": {**config["data"], **data},
        "initialise": {"rule": rule, "workdir": str(source)},
    }


def _refuse_idle(wanted: Growth, names: list[str]) -> None:
    """UsageError for an option that was given and would do nothing."""
    for name in names:
        if getattr(wanted, name) != getattr(Growth(), name):
            raise UsageError(
                f"--{name}={getattr(wanted, name)} does nothing for this network with --rule={wanted.rule}"
            )


def certify(workdir: pathlib.Path) -> dict:
    """The certificate of an inflated workdir, computed again from its numbers and those of the network it came from.

    "stored" is the one that was saved with the numbers, None where training has moved them since. UsageError where the
    workdir does not come from inflation.
    """
    run, checkpoints, step = opened(workdir)
    stored = checkpoints.certificate(step)
    checkpoints.close()
    if not run.initialise.rule.startswith("inflate"):
        raise UsageError(
            f"{workdir} was started by the rule '{run.initialise.rule}', not by inflation; give the workdir that "
            "python -m launch.inflate wrote"
        )
    source = pathlib.Path(run.initialise.workdir)
    _, source_network, source_numbers, source_step = restored(source)
    _, network, numbers, _ = restored(workdir)
    found = certificate(source_network.module(source_numbers), network.module(numbers), growth.clips(run))
    return {"from": str(source), "from_step": source_step, "step": step, "stored": stored, **found}
