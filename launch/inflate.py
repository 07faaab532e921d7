"""Gives a trained network layers over time, without changing its output on any frame.

  python -m launch.inflate --from=runs/static --workdir=runs/inflated
  python -m launch.inflate --from=runs/static --workdir=runs/all --rule=channelwise --layers=all --causal
  python -m launch.inflate --from=runs/clip --workdir=runs/longer --time_kernel=5
  python -m launch.inflate --from=runs/clip --workdir=runs/still --rule=static

Rules: factorized (a temporal factor in each layer's own factors: CP, Tucker or tensor train), channelwise (a temporal
factor for each input channel, before a layer of any kind), dense (a full kernel), i3d (dense, each kernel divided
equally among the frames: does NOT keep the outputs), static (removes time). Prints, writes to inflation.json and keeps
in the checkpoint the largest difference at each layer and output, on noise and on a rendered subject, in float32 and
bfloat16. If a rule that keeps the outputs did not, nothing is written and the exit code is 1. By default an option is
as in the source network if that has time already; otherwise it is the value after "first". Parts with frames of their
own are set in a config: model.time.layers, with initialize.rule=inflate.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_new_workdir, define_source_workdir

FROM = define_source_workdir()
WORKDIR = define_new_workdir()
RULES = ["factorized", "channelwise", "dense", "i3d", "static"]
PARTS = "all, none, or parts of the network by comma, such as head or head/blocks/0,trunk/block_wide"
GROWTH = (
    flags.DEFINE_enum(
        "rule", None, RULES, "How layers gain or lose time; first: factorized, or channelwise without a head."
    ),
    flags.DEFINE_list("layers", None, f"Layers to change: {PARTS}; first: head, or trunk without a head."),
    flags.DEFINE_integer("time_kernel", None, "Frames that each chosen convolution spans; odd if centered; first: 3."),
    flags.DEFINE_integer("time_pool", None, "Frames of the learned average after spatial pooling; 1 = none; first: 9."),
    flags.DEFINE_enum("recurrent", None, ["", "gru", "conv_lstm"], "Recurrent layer, which starts without effect."),
    flags.DEFINE_enum(
        "output_average",
        None,
        ["", "warm", "zero_start", "flat"],
        "Average of the outputs: EmoNet's, of the last five (warm, zero_start), or of --output_frames (flat).",
    ),
    flags.DEFINE_integer("output_frames", None, "Frames of the flat average over outputs; odd if centered."),
    flags.DEFINE_bool("causal", None, "Use only the present and past frames; first: no."),
    flags.DEFINE_integer("frames", None, "Frames of a clip in training and evaluation; first: 16.", lower_bound=1),
)
flags.mark_flags_as_required(["from", "workdir"])


def main() -> None:
    from affect_jax.experiment.derive.inflate import inflate_run
    from affect_jax.experiment.derive.inflated_config import Growth

    given = {option.name: option.value for option in GROWTH}
    if given["layers"] is not None:
        given["layers"] = tuple(part for part in given["layers"] if part != "none")
    inflate_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), Growth(**given))


if __name__ == "__main__":
    cli.run(main)
