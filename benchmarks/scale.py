"""Time and cost of one epoch and of a training on whole data sets: computed, not measured.

  python -m benchmarks.scale --images_per_core_second=700 --kilobytes_a_face=40

Operations are counted by XLA in the training step of the network as written; images per core-second and bytes a face
are what benchmarks/loading.py measures. All else is assumed and printed with the tables: peaks and prices of vendors,
and the share of the peak that a training reaches, which only a run on such a device can tell.
"""

import dataclasses
import math

import jax
import jax.numpy as jnp
from absl import app, flags

from affect_jax.experiment.config.options import Config, parse
from affect_jax.experiment.network import make_network
from affect_jax.infer.costs import flops
from benchmarks.interleaved import markdown
from configs import affectnet, base, quickstart

LOADED = flags.DEFINE_float("images_per_core_second", None, "Measured by benchmarks/loading.py.", required=True)
STORED = flags.DEFINE_float("kilobytes_a_face", None, "Measured by benchmarks/loading.py.", required=True)
SHARES = (0.1, 0.3)  # of the peak that a training reaches: assumed
FRAMES = 16  # of a clip


@dataclasses.dataclass(frozen=True)
class Machine:
    """Accelerators of a kind; peak and price are the vendor's."""

    name: str
    count: int
    peak: float  # FLOP/s of one, for dense products in bfloat16
    dollars: float  # an hour of one, on demand


@dataclasses.dataclass(frozen=True)
class Job:
    """A training on a data set."""

    name: str
    images: int
    epochs: int
    config: Config


MACHINES = (
    Machine("1 A100", 1, 312e12, 3.67),
    Machine("8 A100", 8, 312e12, 3.67),
    Machine("1 H100", 1, 989e12, 11.0),
    Machine("8 H100", 8, 989e12, 11.0),
    Machine("TPU v5e-8", 8, 197e12, 1.20),
)


def jobs() -> tuple[Job, ...]:
    """The trainings; those of single images have the epochs of configs/affectnet.py."""
    frozen, whole = affectnet.get_config("static"), affectnet.get_config("static")
    for config in (frozen, whole):
        config.initialize.update(rule="scratch", workdir="")
    whole.frozen = ""
    clip = quickstart.get_config("clip")
    clip.model = base.model(clip.model.name, execution="direct")
    clip.initialize.update(rule="scratch", workdir="")
    clip.update_from_flattened_dict({"data.frames": FRAMES, "frozen": "trunk/.*"})
    return (
        Job("AffectNet, EmoNet, trunk frozen", 450_000, affectnet.EPOCHS, frozen),
        Job("AffectNet, EmoNet, everything", 450_000, affectnet.EPOCHS, whole),
        Job("Aff-Wild2, clip network, trunk frozen", 2_800_000, 10, clip),
    )


def operations(config: Config) -> float:
    """Operations of a training step for each image or frame: forward, and backward through what is trained."""
    options = parse(config)
    network, px, frames = make_network(options), options.contract.input_px, options.data.frames
    shape = (2, frames, px, px, 3) if frames else (2, px, px, 3)

    def loss(trained, variables, images):
        predictions, statistics = network.train(dataclasses.replace(variables, trained=trained), images, KEY)
        return sum((leaf.astype(jnp.float32) ** 2).sum() for leaf in jax.tree.leaves(predictions)), statistics

    step = lambda variables, images: jax.grad(loss, has_aux=True)(variables.trained, variables, images)
    return flops(step, network.abstract, jax.ShapeDtypeStruct(shape, jnp.float32)) / math.prod(shape[:-3])


def row(job: Job, each: float, machine: Machine) -> list[str]:
    """Images a second, cores that load them, and hours and dollars, for the least and the most of the shares."""
    rates = [machine.count * machine.peak * share / each for share in SHARES]
    hours = [job.images / rate / 3600 for rate in rates]
    dollars = [time * job.epochs * machine.count * machine.dollars for time in hours]
    columns = (
        [f"{rate:,.0f}" for rate in rates],
        [f"{rate / LOADED.value:.1f}" for rate in rates],
        [f"{60 * time:.1f}" for time in hours],
        [f"{time * job.epochs:.1f}" for time in hours],
        [f"{price:,.0f}" for price in dollars],
    )
    return [job.name, machine.name, *(" to ".join(column) for column in columns)]


def main(_) -> None:
    rows, counted, kept = [], [], []
    for job in jobs():
        each = operations(job.config)
        counted.append([job.name, f"{each / 1e9:.1f}"])
        cores = job.images / LOADED.value / 3600
        kept.append([job.name, f"{job.images * STORED.value / 1e6:,.0f}", f"{cores:.2f}"])
        rows += [row(job, each, machine) for machine in MACHINES]
    print(markdown("Counted by XLA", ["training", "GFLOP an image"], counted))
    print(markdown("From what was measured", ["training", "GB stored", "core-hours of loading an epoch"], kept))
    peaks = [[each.name, f"{each.peak / 1e12:.0f}", f"{each.dollars:.2f}"] for each in MACHINES]
    print(markdown("Assumed", ["machine", "peak of one, TFLOP/s (bfloat16)", "dollars an hour of one"], peaks))
    header = ["training", "machine", "images/s", "cores to load them", "minutes an epoch", "hours", "dollars"]
    shares = " to ".join(f"{share:.0%}" for share in SHARES)
    print(markdown(f"Computed from these, at {shares} of the peak", header, rows))


KEY = jax.random.key(0)


if __name__ == "__main__":
    app.run(main)
