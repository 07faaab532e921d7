"""Adds temporal layers to a trained network, without changing its output on any frame.

  python -m launch.inflate --from=runs/static --workdir=runs/inflated
  python -m launch.inflate --from=runs/static --workdir=runs/all --rule=channelwise --layers=all --causal
  python -m launch.inflate --from=runs/clip --workdir=runs/longer --time_kernel=5
  python -m launch.inflate --from=runs/clip --workdir=runs/still --rule=static

Rules: factorized (a temporal factor among each layer's own factors: CP, Tucker or tensor train), channelwise (a
temporal factor for each input channel, before a layer of any kind), dense (a full kernel), i3d (dense, with each kernel
spread evenly over the frames: does NOT preserve the outputs), static (removes time). Prints the largest difference at
each layer and output, on noise and on a rendered subject, in float32 and bfloat16, and stores it in inflation.json and
in the checkpoint. If a rule that should preserve the outputs does not, nothing is written and the exit code is 1.

If the source is already a clip network, its own options are the defaults; "static source" below marks the defaults for
static networks. To give parts different numbers of frames, use a config with model.time.layers and
initialize.rule=inflate.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_new_workdir, define_source_workdir, require

FROM = define_source_workdir()
WORKDIR = define_new_workdir()
RULES = ["factorized", "channelwise", "dense", "i3d", "static"]
PARTS = "all, none, or parts of the network such as head or head/blocks/0,trunk/block_wide"
AVERAGE = "Moving average of the outputs: EmoNet's over 5 frames (warm, zero_start) or over --output_frames (flat)."
GROWTH = (
    flags.DEFINE_enum(
        "rule", None, RULES, "How to add or remove time; static source: factorized, or channelwise without a head."
    ),
    flags.DEFINE_list("layers", None, f"Layers to change: {PARTS}; static source: head, or trunk without a head."),
    flags.DEFINE_integer("time_kernel", None, "Frames per selected convolution; odd if centered; static source: 3."),
    flags.DEFINE_integer("time_pool", None, "Frames of the average after pooling; 1 = none; static source: 9."),
    flags.DEFINE_enum("recurrent", None, ["", "gru", "conv_lstm"], "Recurrent layer to add, initially without effect."),
    flags.DEFINE_enum("output_average", None, ["", "warm", "zero_start", "flat"], AVERAGE),
    flags.DEFINE_integer("output_frames", None, "Frames of the flat average of the outputs; odd if centered."),
    flags.DEFINE_bool("causal", None, "Use only the current and earlier frames; static source: no."),
    flags.DEFINE_integer(
        "frames", None, "Frames per clip in training and evaluation; static source: 16.", lower_bound=1
    ),
)
require("from", "workdir")


def main() -> None:
    from affect_jax.experiment.derive.inflate import inflate_run
    from affect_jax.experiment.derive.inflated_config import InflationConfig

    given = {option.name: option.value for option in GROWTH}
    if given["layers"] is not None:
        given["layers"] = tuple(part for part in given["layers"] if part != "none")
    inflate_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), InflationConfig(**given))


if __name__ == "__main__":
    cli.run(main)
