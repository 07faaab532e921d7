"""Writes the data sets of a config into its store, so that training finds them ready.

  python -m launch.prepare_data --config=configs/quickstart.py:clip

The store is the folder config.data.store. launch.train writes it as well, if it is missing; this command does it
beforehand, beside another run or on a machine without an accelerator. What is stored already is compared with its
checksums and not written again; killed at any moment, the same command goes on after the last complete shard.

  --config.data.stored.crop_px=256 --config.data.stored.encoding=jpeg

stores the crops that the network sees, with a margin for augmentation, instead of whole images.
"""

from affect_jax.experiment import cli
from launch.flags import define_config, require

CONFIG = define_config()
require("config")


def main() -> None:
    from affect_jax.experiment.prepare_data import prepare_data

    prepare_data(CONFIG.value)


if __name__ == "__main__":
    cli.run(main)
