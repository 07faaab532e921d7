"""Turns a trained static network into a clip network that gives the same output on every frame.

  python -m launch.inflate --from=runs/static --workdir=runs/inflated

The largest difference found is printed and written to inflation.json; above 1e-5
nothing is kept and the exit code is 1.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli

FROM = flags.DEFINE_string("from", None, "Workdir of the static network (head_rank above 0).")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the clip network.")
TIME_KERNEL = flags.DEFINE_integer("time_kernel", 3, "Frames that each convolution of the head sees; odd if centred.")
TIME_POOL = flags.DEFINE_integer("time_pool", 9, "Frames of the learned average after spatial pooling; 1 = none.")
CAUSAL = flags.DEFINE_bool("causal", False, "See only the present and the past.")
FRAMES = flags.DEFINE_integer("frames", 16, "Frames of a clip in training and evaluation.", lower_bound=1)
flags.mark_flags_as_required(["from", "workdir"])


def main() -> None:
    from affect_jax.experiment.inflation import inflate_run

    inflate_run(
        pathlib.Path(FROM.value),
        pathlib.Path(WORKDIR.value),
        time_kernel=TIME_KERNEL.value,
        time_pool=TIME_POOL.value,
        causal=CAUSAL.value,
        frames=FRAMES.value,
    )


if __name__ == "__main__":
    cli.run(main)
