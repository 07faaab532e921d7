"""A live session with our stream, against PyTorch computing the same causal window again for each frame.

  python -m benchmarks.live --video=one_woman_expressions.mp4

The network is the causal clip network of the quickstart's size with random weights, the same in all programs; the
learned average over time is left out, because the PyTorch network has none. The first table times ten new frames of
64 px, one after the other, in turns. The second plays the video at --rate frames a second, with faces found by the
landmarker: frames that are dropped, and the processor time of the whole process for each predicted frame. On a shared
machine, dropped frames depend on the load, and threads that wait for each other burn time: use --cores=1 there, and
processor time.
"""

import collections
import contextlib
import dataclasses
import os
import pathlib
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
from absl import flags

from affect_jax.experiment import cli
from benchmarks.interleaved import interleaved, limit_cores, markdown, milliseconds, require_torch, same_allocator

FRAMES = 16
VIDEO = flags.DEFINE_string("video", None, "Video with a face; without it, only the network is timed.")
RATE = flags.DEFINE_float("rate", 25.0, "Frames per second at which the video is played.")
SECONDS = flags.DEFINE_float("seconds", 10.0, "How long it is played in each round.")
CORES = flags.DEFINE_integer("cores", 0, "Number of cores, and of threads of PyTorch; 0: all cores.")
ROUNDS = flags.DEFINE_integer("rounds", 9, "Rounds of the first table; a third of them of the second.")
MINIATURE = flags.DEFINE_bool("miniature", False, "Use a tiny network: a smoke test, not a measurement.")

Step = Callable[[np.ndarray], dict[str, np.ndarray]]  # of the next frame [1, 1, px, px, 3]: outputs [1, 1, ..]


def main() -> None:
    require_torch()
    limit_cores(CORES.value)
    from affect_jax.infer.tuning import machine
    from benchmarks import clips

    print(f"{machine()}; load {os.getloadavg()[0]:.1f}; {ROUNDS.value} rounds")
    size = clips.MINIATURE if MINIATURE.value else clips.QUICKSTART
    config = dataclasses.replace(size, time=dataclasses.replace(size.time, causal=True), execution="direct")
    begin = {
        "PyTorch, window again, dense head": torch_follower(config, dense=True),
        "PyTorch, window again, factorized head": torch_follower(config, dense=False),
        "affect_jax, stream": jax_follower(config),
    }
    _time_frames(begin, config.trunk.input_px)
    if VIDEO.value:
        _play_video(begin, config)


def jax_follower(config) -> Callable[[int], Step]:
    """Our stream."""
    from affect_jax.infer.streaming import follower
    from benchmarks.clips import network

    return follower(network(config), config.trunk.input_px, "float32")


def _look_back(model, late: int) -> None:
    """Makes the layers over time of a PyTorch network look at this frame and earlier ones, `late` frames later."""
    import torch
    from clip_torch import OverFrames

    class Causal(torch.nn.Module):
        """A layer that looks at this frame and earlier ones: the centered one, late by half its frames."""

        def __init__(self, layer: OverFrames, late: int):
            super().__init__()
            self.layer, self.late = layer.layer, late

        def forward(self, maps):
            clip = torch.nn.functional.pad(maps.permute(1, 0, 2, 3)[None], (0, 0, 0, 0, self.late, 0))
            return self.layer(clip)[0, :, : len(maps)].permute(1, 0, 2, 3)

    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, OverFrames):
                setattr(module, name, Causal(child, late))


def torch_follower(config, dense: bool) -> Callable[[int], Step]:
    """The network in PyTorch on the last 16 frames, as many as there are; the weights are ours."""
    import torch
    from clip_torch import clip_reference

    from benchmarks.clips import kernels, network

    ours = network(config)
    weights = {path: np.asarray(kernel) for path, kernel in kernels(ours).items()}
    model = clip_reference(ours, weights, FRAMES, config, dense).eval()

    _look_back(model, config.time.kernel // 2)
    for weight in model.parameters():
        if weight.ndim > 3:
            layout = torch.channels_last if weight.ndim == 4 else torch.channels_last_3d
            weight.data = weight.data.contiguous(memory_format=layout)

    def begin(faces: int) -> Step:
        assert faces == 1
        window = collections.deque(maxlen=FRAMES)

        def step(images: np.ndarray) -> dict[str, np.ndarray]:
            window.append(images[0, 0])
            batch = torch.from_numpy(np.stack(window).transpose(0, 3, 1, 2))
            with torch.inference_mode():
                outputs = model(batch.contiguous(memory_format=torch.channels_last))
            last = {name: outputs[name][None, -1:].numpy() for name in ("valence_arousal", "emotion_logits")}
            return {"valence_arousal": last["valence_arousal"], "emotion": last["emotion_logits"]}

        return step

    return begin


def _time_frames(begin: dict[str, Callable[[int], Step]], side_px: int) -> None:
    clip = np.random.default_rng(0).random((FRAMES, 1, 1, side_px, side_px, 3), np.float32)
    steps, parity = {name: each(1) for name, each in begin.items()}, {}
    outputs = {name: [step(frame) for frame in clip][-1]["valence_arousal"] for name, step in steps.items()}
    base = next(iter(outputs))
    for name, output in outputs.items():
        parity[name] = f"{np.abs(output - outputs[base]).max() / np.abs(outputs[base]).max():.0e}"
    programs = {name: (lambda step=step: [step(clip[-1]) for _ in range(10)]) for name, step in steps.items()}
    rows = milliseconds(interleaved(programs, ROUNDS.value), base, parity)
    header = ["ten new frames", "ms, median [range]", "CPU ms", "ratio", "ratio (CPU time)", "difference"]
    print(markdown("One face, frame by frame", header, rows), flush=True)


def _play_video(begin: dict[str, Callable[[int], Step]], config) -> None:
    played: dict[str, list[list[float]]] = {name: [] for name in begin}
    for _ in range(max(ROUNDS.value // 3, 1)):
        for name, each in begin.items():
            played[name].append(_session(each, config))
    rows = []
    for name, rounds in played.items():
        predicted, dropped, seconds, latency = np.median(rounds, axis=0)
        cells = [f"{predicted:.0f}", f"{dropped:.0f}", f"{1e3 * seconds / predicted:.1f}", f"{latency:.1f}"]
        rows.append([name, *cells, f"{len(os.sched_getaffinity(0)) * predicted / seconds:.0f}"])
    header = [
        "medians",
        "predicted",
        "dropped",
        "CPU ms per frame",
        "latency, median ms",
        "frames/s if all cores were busy",
    ]
    print(markdown(f"The video at {RATE.value:g} frames a second, {SECONDS.value:g} s", header, rows), flush=True)


def _session(begin: Callable[[int], Step], config) -> list[float]:
    """Plays the video once: frames predicted and dropped, processor seconds, median latency in milliseconds."""
    from affect_jax.faces.tracks import FaceTracks
    from affect_jax.ops.geometry import CropConfig
    from affect_jax.predict.live.analyzer import Analyzer
    from affect_jax.predict.live.latency import Latencies
    from affect_jax.predict.live.newest import Newest
    from affect_jax.predict.live.pace import SteadyTime, pace
    from affect_jax.predict.live.session import Outputs, run
    from affect_jax.predict.live.status import Status
    from affect_jax.predict.predictor import Predictor

    quantities, px = ("valence_arousal", "emotion"), config.trunk.input_px
    predictor = Predictor(None, px, 1, FRAMES, quantities, "affectnet_8", CropConfig(), name="causal", follower=begin)
    stop = threading.Event()
    clock = SteadyTime(stop)
    newest, latencies = Newest(stop), Latencies(clock)
    analyze = Analyzer(predictor, FaceTracks(step_seconds=1 / RATE.value), 1 / RATE.value, latencies)
    status = Status(newest, latencies, clock, "affectnet_8")
    with contextlib.closing(_frames()) as frames, newest.follow(pace(frames, clock)):
        before = time.process_time()
        run(newest, analyze, Outputs(), status, latencies, clock)
        seconds = time.process_time() - before
    return [status.frames, newest.dropped, seconds, latencies.all()["total"][0]]


def _frames() -> Iterator:
    from affect_jax.predict.sources import Video

    with Video(pathlib.Path(VIDEO.value)) as video:
        for frame in video:
            if frame.index >= SECONDS.value * RATE.value:
                return
            yield dataclasses.replace(frame, time_seconds=frame.index / RATE.value)


if __name__ == "__main__":
    same_allocator("benchmarks.live")
    cli.run(main)
