"""Stands in for launch.train in tests of sweeps: as quick as its steps, and as exact about resuming and signals.

The score at a step is `task.emotion_weight` minus the distance of `optimizer.learning_rate` to 0.01, plus a thousandth
a step. It saves after each step, sleeps for FOLDER/pause seconds at each, and writes FOLDER/steps_taken, one line each.
`seed` 13 fails, seed 14 is killed. FOLDER is that of the sweep.
"""

import json
import os
import pathlib
import signal
import sys
import time

STOPPED = []


def main(config_file: pathlib.Path, workdir: pathlib.Path) -> int:
    signal.signal(signal.SIGTERM, lambda *_: STOPPED.append(True))
    config = json.loads(config_file.read_text())
    pause = workdir.parent / "pause"
    seconds = float(pause.read_text()) if pause.is_file() else 0.0
    if config["seed"] == 13:
        sys.stderr.write("step 1 is not finite\nerror: step 1: loss is nan; a lower learning rate may help\n")
        return 1
    if config["seed"] == 14:
        os.kill(os.getpid(), signal.SIGKILL)
    journal = workdir / "metrics.jsonl"
    first = len(journal.read_text().splitlines()) if journal.is_file() else 0
    for step in range(first + 1, config["train"]["steps"] + 1):
        time.sleep(seconds)
        score = config["task"]["emotion_weight"] - abs(config["optimizer"]["learning_rate"] - 0.01) + step / 1000
        with journal.open("a") as file:
            file.write(json.dumps({"step": step, "validation/ccc/mean": score}) + "\n")
        with (workdir.parent / "steps_taken").open("a") as file:
            file.write(f"{workdir.name} {step}\n")
        if STOPPED:
            return 75
    return 0


if __name__ == "__main__":
    words = dict(word.removeprefix("--").split("=", 1) for word in sys.argv[1:])
    sys.exit(main(pathlib.Path(words["config"]), pathlib.Path(words["workdir"])))
