"""Exports a trained network for other programs: weights that last, StableHLO, ONNX, a page.

  python -m launch.export --workdir=runs/static --output=exported --format=safetensors,stablehlo,onnx

safetensors: weights.safetensors and config.json, which every command opens like a workdir, on any machine and without
Orbax. stablehlo: one file for processors, GPUs and TPUs, which newer versions of JAX refuse after about half a year.
onnx: files for any number of faces and for one, converted by jax2onnx in an environment of its own, which is made
once. web: a page that runs a static network on a picture in the browser, in one file without a network. All are
compared with the network before they are written. export.json describes crop, labels, inputs, outputs and, for a
causal network, the state that goes in and comes out with each frame.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_output_folder, define_workdir, require

WORKDIR = define_workdir()
OUTPUT = define_output_folder()
FORMAT = flags.DEFINE_list("format", ["safetensors"], "What to write: safetensors, stablehlo, onnx, web; or several.")
require("workdir", "output")


def main() -> None:
    from affect_jax.experiment.export.command import export_run

    export_run(pathlib.Path(WORKDIR.value), pathlib.Path(OUTPUT.value), FORMAT.value)


if __name__ == "__main__":
    cli.run(main)
