"""The config of a network with more time, or less: what the command names, and what the network has already."""

import dataclasses
import pathlib
from typing import Any

from affect_jax.data.windows import WindowConfig
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.models.registry import CLIP_NETWORKS
from affect_jax.train.mesh_config import MeshConfig

FORMS = {  # rule of the command -> form of the layers, and how their numbers start
    "factorized": ("factorized", "inflate"),
    "channelwise": ("channelwise", "inflate"),
    "dense": ("dense", "inflate"),
    "i3d": ("dense", "inflate_mean"),
    "static": ("", "inflate"),
}


@dataclasses.dataclass(frozen=True)
class Growth:
    """What is to look along time; fields as in the clip network's config, `frames` as in the data's.

    None: as the network has it that is inflated, or FIRST if it is static.
    """

    rule: str | None = None  # of FORMS
    layers: str | None = None
    time_kernel: int | None = None
    time_pool: int | None = None
    recurrent: str | None = None
    output_average: str | None = None
    causal: bool | None = None
    frames: int | None = None


FIRST = Growth("factorized", "head", 3, 9, "", "", False, 16)  # of a network that was static
FIRST_OF_TRUNK = dataclasses.replace(FIRST, rule="channelwise", layers="trunk")  # whose kernels have no factors
TIME = ("time_kernel", "time_pool", "recurrent", "output_average", "causal")


def config_of(source: pathlib.Path, wanted: Growth) -> dict[str, Any]:
    """The config of `source` with the time that is wanted; UsageError for what cannot be, or would do nothing.

    Patterns of parts (frozen, fixed statistics, learning rates, mesh rules) are left out: they were chosen for the
    parts that were there.
    """
    config = options.read(source)
    name = config["model"]["name"]
    base = {clip: static for static, clip in CLIP_NETWORKS.items()}.get(name, name)
    if base not in CLIP_NETWORKS:
        raise UsageError(f"{source} holds a network '{name}'; only {', '.join(CLIP_NETWORKS)} can be inflated")
    if wanted.rule == "static" and base == name:
        raise UsageError(f"{source} holds a static network '{name}' already; --rule=static takes time away")
    changed = _static(config, base, wanted) if wanted.rule == "static" else _over_time(config, base, wanted)
    rule = FORMS.get(wanted.rule, ("", "inflate"))[1]
    return {
        **config,
        **changed,
        "frozen": "",
        "fixed_statistics": "",
        "optimizer": {**config["optimizer"], "learning_rate_multipliers": ()},
        "mesh": {**config["mesh"], "rules": MeshConfig().rules},
        "initialize": {"rule": rule, "workdir": str(source)},
    }


def _static(config: dict, base: str, wanted: Growth) -> dict[str, Any]:
    _refuse_idle(wanted, [field.name for field in dataclasses.fields(Growth) if field.name != "rule"])
    kept = dataclasses.asdict(options.MODELS[base][1]())
    model = {**{key: value for key, value in config["model"].items() if key in kept}, "name": base}
    data = {"frames": 0, "hop": 0, "windows": dataclasses.asdict(WindowConfig())}
    return {"model": model, "data": {**config["data"], **data}}


def _over_time(config: dict, base: str, wanted: Growth) -> dict[str, Any]:
    fields = dataclasses.asdict(options.MODELS[CLIP_NETWORKS[base]][1]())
    _refuse_idle(wanted, [name for name in TIME if name not in fields])
    first = dataclasses.asdict(FIRST_OF_TRUNK if base == "landmarks" else FIRST)
    given = {name: value for name, value in dataclasses.asdict(wanted).items() if value is not None}
    time = {name: first[name] for name in TIME if name in fields}
    time |= {"time_form": FORMS[first["rule"]][0], "time_layers": first["layers"]}
    frames, hop = first["frames"], 0
    if config["model"]["name"] != base:  # it has time already
        time |= {name: config["model"][name] for name in time if name in config["model"]}
        frames, hop = config["data"]["frames"], config["data"]["hop"]
    time |= {name: given[name] for name in TIME if name in given}
    if "rule" in given:
        time["time_form"] = FORMS[given["rule"]][0]
    if "layers" in given:
        time["time_layers"] = given["layers"]
    if given.get("frames", frames) != frames:
        frames, hop = given["frames"], 0  # half a clip again: another length has another stride
    model = {**config["model"], **time, "name": CLIP_NETWORKS[base]}
    return {"model": model, "data": {**config["data"], "frames": frames, "hop": hop}}


def _refuse_idle(wanted: Growth, names: list[str]) -> None:
    """UsageError for an option that was given and would do nothing."""
    rule = f" with --rule={wanted.rule}" if wanted.rule else ""
    for name in names:
        if (value := getattr(wanted, name)) is not None:
            raise UsageError(f"--{name}={value} does nothing for this network{rule}")
