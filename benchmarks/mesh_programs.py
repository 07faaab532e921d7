"""What devices exchange and hold under each mesh: the compiled training step on fake CPU devices, nothing is run.

  python -m benchmarks.mesh_programs
  python -m benchmarks.mesh_programs --networks=clip --meshes=8,1,1 --meshes=1,1,8

A row per mesh: collectives with the bytes of their results on each device, the largest exchange other than a sum,
operations and temporary memory of a device relative to one device alone, and the processor seconds of the compilation.
"""

import os
import time

from absl import flags

from affect_jax.experiment import cli
from benchmarks.interleaved import markdown

DEVICES = 8
NETWORKS = flags.DEFINE_list("networks", ["static", "clip"], "Networks: static, clip.")
MESHES = flags.DEFINE_multi_string(
    "meshes", ["8,1,1", "1,8,1", "2,4,1"], "Devices along data, fsdp and time, such as 2,4,1; may be repeated."
)
PX = flags.DEFINE_integer("px", 32, "Height and width of the images in pixels.")
WIDTHS = flags.DEFINE_list("widths", ["16", "32", "64"], "Channels of stem, middle blocks and maps.")
CLIPS = flags.DEFINE_integer("clips", 8, "Clips in a batch.")
FRAMES = flags.DEFINE_integer(
    "frames", 16, "Frames of a clip; a batch of the static network has clips x frames images."
)
HEADER = ["network", "data, fsdp, time", "collectives", "largest but sums", "operations", "memory", "compiled in"]


def main() -> None:
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={DEVICES}"
    os.environ["JAX_PLATFORMS"] = "cpu"
    print(markdown("Compiled training steps", HEADER, []), end="", flush=True)
    for kind in NETWORKS.value:
        alone, seconds = _compile(kind, (1, 1, 1))
        _show(kind, "1, 1, 1", "none", "0", "1", f"{_memory(alone) / 1e6:.1f} MB", f"{seconds:.0f} s")
        for mesh in MESHES.value:
            sizes = tuple(int(size) for size in mesh.split(","))
            _show(kind, ", ".join(map(str, sizes)), *_row(alone, *_compile(kind, sizes)))


def _show(*row: str) -> None:
    print("| " + " | ".join(row) + " |", flush=True)


def _row(alone, compiled, seconds: float) -> list[str]:
    from affect_jax.infer.collectives import collectives, totals

    found = collectives(compiled)
    each = [f"{total.count} {kind} ({total.bytes / 1e3:.0f} kB)" for kind, total in totals(found).items()]
    largest = max((one.bytes for one in found if one.kind != "all-reduce"), default=0)
    share = compiled.cost_analysis()["flops"] / alone.cost_analysis()["flops"]
    memory = f"{_memory(compiled) / _memory(alone):.3f}"
    return [", ".join(each), f"{largest / 1e3:.1f} kB", f"{share:.3f}", memory, f"{seconds:.0f} s"]


def _memory(compiled) -> int:
    """Temporary bytes of a device."""
    return compiled.memory_analysis().temp_size_in_bytes


def _compile(kind: str, sizes: tuple[int, int, int]) -> tuple:
    """The training step of a network on a mesh, and the processor seconds that XLA took to compile it."""
    import jax
    import optax

    from affect_jax.infer.tuning import set_execution
    from affect_jax.nn.execution import Execution
    from affect_jax.nn.network import Network
    from affect_jax.tasks.affect import Affect
    from affect_jax.tasks.recipe import AffectConfig
    from affect_jax.train.mesh_config import MeshConfig
    from affect_jax.train.objective import Objective
    from affect_jax.train.placement import Placement
    from affect_jax.train.state import create_state
    from affect_jax.train.step import compile_step, make_train_step

    jax.config.update("jax_enable_compilation_cache", False)
    placement = Placement.of(MeshConfig(*sizes), jax.devices()[: sizes[0] * sizes[1] * sizes[2]])
    execution = Execution(split=placement.split)
    network = Network(_builder(kind)).changed(lambda module: set_execution(module, execution))
    task, optimizer = Affect(AffectConfig()), optax.adamw(1e-3)
    create = lambda variables: create_state(network, optimizer, variables, task.initial())
    state = placement.targets(jax.eval_shape(create, network.abstract))
    made = make_train_step(Objective(network, task, gather=placement.gather), optimizer, jax.random.key(1))
    lowered = compile_step(made, state, placement).lower(state, placement.spread(_batch(kind)))
    start = time.process_time()
    return lowered.compile(), time.process_time() - start


def _builder(kind: str):
    from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
    from affect_jax.models.emonet import EmoNet, EmoNetConfig
    from affect_jax.models.fan import TrunkConfig
    from affect_jax.models.head import HeadConfig

    trunk = TrunkConfig(PX.value, tuple(int(width) for width in WIDTHS.value), modules=1, depth=1)
    head = HeadConfig(blocks=1, rank=16)
    module, config = {"static": (EmoNet, EmoNetConfig), "clip": (ClipNetwork, ClipNetworkConfig)}[kind]
    return lambda rngs: module(config(trunk, head, execution="direct"), rngs=rngs)


def _batch(kind: str):
    import numpy as np

    from affect_jax.types import Batch, Inputs, Label, Labels

    clips, frames = CLIPS.value, FRAMES.value
    shape = (clips, frames) if kind == "clip" else (clips * frames,)
    ones = np.ones(shape, np.float32)
    labels = Labels(
        valence_arousal=Label(np.zeros((*shape, 2), np.float32), ones),
        emotion=Label(np.zeros((*shape, 8), np.float32), ones),
    )
    images = np.zeros((*shape, PX.value, PX.value, 3), np.float32)
    index = np.zeros(shape, np.int32)
    return Batch(Inputs(images=images), labels, ones, index, index)


if __name__ == "__main__":
    cli.run(main)
