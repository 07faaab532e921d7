"""export.json: what a program that runs the exported network has to know."""

import datetime
import pathlib
from typing import Any

import affect_jax
from affect_jax import emotions
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.export.source import Source
from affect_jax.files.json_files import read_object
from affect_jax.infer.export.program import IMAGES, NEXT, STATE, Port
from affect_jax.infer.export.stablehlo import SIDECAR
from affect_jax.ops.geometry import ANTIALIASED
from affect_jax.quantities.registry import quantity

FILES = "files"
CROP = (
    "A square centered on the box around the 68 iBUG landmarks of a face; its side is side_ratio times the mean of the "
    "box's width and height. It is resampled to px x px"
)
ONE_BOX = (
    "All frames of a call are cropped alike: the box is that around the landmarks of all of them, from the smallest to "
    "the largest x and y."
)
NEWEST = (
    "The values are those of the newest frame of a call, repeated for the others. For each frame of a recording, give "
    "it with the frames before it; at the beginning, repeat the first frame in place of those that are missing."
)
STREAM = (
    "Give each frame of a recording with the state that the frame before returned; before the first frame, every value "
    "of a state is its `start`. The faces of a batch begin together. Keep the state while a face is missing for up to "
    "half a second, then begin again."
)


def describe(source: Source, today: datetime.date) -> dict[str, Any]:
    """The content of export.json, without its files."""
    run = source.run
    content = {
        "affect_jax": affect_jax.__version__,
        "exported": str(today),
        "network": source.name,
        "model": run.model_name,
        "label_set": run.label_set,
        "labels": list(emotions.names(run.label_set)) if run.predicts_affect else [],
    }
    if run.contract.takes == IMAGES:
        content |= _ports(source)
    return content


def _ports(source: Source) -> dict[str, Any]:
    run, program = source.run, source.program
    images, *states = program.inputs
    averaging = "by averaging where it shrinks" if run.crop.warp == ANTIALIASED else "bilinearly, without averaging"
    crop = {"px": run.contract.input_px, "side_ratio": run.crop.side_ratio, "warp": run.crop.warp}
    rule = f"{CROP} {averaging}." + (f" {ONE_BOX}" if run.crop.one_box else "")
    content = {
        "input": {
            **_port(images),
            "color": "RGB",
            "range": [0, 1],
            "layout": "batch, time, height, width, channel"
            if run.contract.over_time
            else "batch, height, width, channel",
            "crop": {"rule": rule, **crop},
        },
        "outputs": [],
        "state": [
            {
                "input": port.name,
                "output": port.name.replace(STATE, NEXT, 1),
                **_form(port),
                "start": program.start[port.name],
            }
            for port in states
        ],
    }
    for port in program.outputs[: len(program.outputs) - len(states)]:
        each = quantity(port.name)
        columns = list(each.columns(run.label_set))
        content["outputs"].append({**_port(port), "description": each.description, "columns": columns})
    if run.contract.over_time:
        content["frames"] = {"per_call": images.shape[1], "every": run.data.windows.every}
    if run.contract.newest:
        content["frames"]["order"] = NEWEST
    if states:
        content["frames"]["order"] = STREAM
    return content


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, **_form(port)}


def _form(port: Port) -> dict[str, Any]:
    return {"shape": list(port.shape), "dtype": port.dtype}


def earlier_files(output: pathlib.Path, content: dict[str, Any]) -> dict[str, Any]:
    """The files that the folder already holds of this network; UsageError if it holds those of another."""
    if not (output / SIDECAR).is_file():
        return {}
    before = read_object(output / SIDECAR, "remove it, or choose another --output")
    changed = [key for key in content if key != "exported" and before.get(key) != content[key]]
    if changed:
        raise UsageError(
            f"--output={output} holds an export of {before.get('network')} with another {changed[0]}; this is "
            f"{content['network']}: choose another folder"
        )
    return dict(before.get(FILES, {}))
