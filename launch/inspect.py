"""Shows what a training run needs: parameters, arithmetic, memory, sharding and communication.

  python -m launch.inspect --config=configs/quickstart.py:static
  python -m launch.inspect --config=configs/affectnet.py:static --fake_devices=8 --config.train.rematerialize=True

The training step is compiled from the shapes that the config implies, so neither data nor weights are needed (of a
teacher, only its config.json). --fake_devices=N inspects N fake devices of this processor: what is counted does not
depend on the kind of device, but temporary memory does. A config or mesh that cannot work is refused.
Exit codes: 0 success, 1 failure, 2 usage error.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_config, define_path, require

CONFIG = define_config()
DEVICES = flags.DEFINE_integer("fake_devices", None, "Number of fake devices, instead of those of this machine.", 1)
MEASURED = define_path("measured", "Workdir of a run whose measured speed the duration is estimated from.", folder=True)
require("config")


def main() -> None:
    from affect_jax.experiment.inspect.command import inspect_config

    print(inspect_config(CONFIG.value, DEVICES.value, pathlib.Path(MEASURED.value) if MEASURED.value else None))


if __name__ == "__main__":
    cli.run(main)
