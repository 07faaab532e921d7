"""Logging of a training run: metrics.jsonl, TensorBoard events and a progress bar with the time left."""

import json
import pathlib
import sys
import time
from collections.abc import Mapping

import tqdm
from absl import logging

from affect_jax.files.atomic import open_atomically
from affect_jax.files.disk import naming


class Journal:
    """Appends one flat dict per line, with keys "phase/quantity"; a resumed run drops lines past its restored step."""

    def __init__(self, workdir: pathlib.Path, step: int, steps: int, label: str):
        self._path, self._folder = workdir / "metrics.jsonl", workdir / "events"
        self._start = time.monotonic()
        self._open(step)
        self._bar = tqdm.tqdm(total=steps, initial=step, desc=label, unit="step", mininterval=1.0, smoothing=0.05)

    def _open(self, step: int) -> None:
        # Imported late, because it imports PyTorch if that is installed, which would slow down every command.
        import tensorboardX

        self._drop_lines_after(step)
        self._file = self._path.open("a")
        self._events = tensorboardX.SummaryWriter(str(self._folder), purge_step=step or None)

    def go_back(self, step: int) -> None:
        """Drops what was written past `step`, from which the run goes on."""
        self._file.close()
        self._events.close()
        self._open(step)
        self.advance(step)

    def _drop_lines_after(self, step: int) -> None:
        if not self._path.exists():
            return
        lines = [line for line in self._path.read_text().splitlines() if _step_of(line) <= step]
        with open_atomically(self._path) as file:
            file.writelines(f"{line}\n" for line in lines)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Writes the values at `step` as one line."""
        seconds = round(time.monotonic() - self._start, 3)
        with naming(self._path):
            self._file.write(json.dumps({"step": step, **values, "seconds": seconds}) + "\n")
            self._file.flush()
        for name, value in values.items():
            self._events.add_scalar(name, value, step)

    def advance(self, step: int) -> None:
        """Moves the progress bar to `step`."""
        self._bar.update(step - self._bar.n)

    def say(self, text: str) -> None:
        """Logs a line above the progress bar."""
        with tqdm.tqdm.external_write_mode(file=sys.stderr):
            logging.info("%s", text)

    def show(self, values: Mapping[str, float]) -> None:
        """Shows values next to the progress bar."""
        self._bar.set_postfix({name: f"{value:.3f}" for name, value in values.items()}, refresh=False)

    def close(self) -> None:
        """Closes the progress bar and the files."""
        self._bar.close()
        self._file.close()
        self._events.close()


class NoJournal(Journal):
    """The journal of a process that writes nothing."""

    def __init__(self):
        """Opens nothing."""

    def go_back(self, step: int) -> None:
        """Does nothing."""

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Does nothing."""

    def advance(self, step: int) -> None:
        """Does nothing."""

    def say(self, text: str) -> None:
        """Does nothing."""

    def show(self, values: Mapping[str, float]) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError):
        logging.warning("metrics.jsonl: dropped a truncated line: %.60s", line)
        return float("inf")
