"""Lists the options of a config: value, default and meaning of each.

  python -m launch.options --config=configs/quickstart.py:static

Each line can be given to launch.train with another value. --config.NAME=VALUE shows the effect of a change.
"""

from affect_jax.experiment import cli
from launch.flags import define_config, require

CONFIG = define_config()
require("config")


def main() -> None:
    from affect_jax.experiment.config.listing import list_options

    print("\n".join(list_options(CONFIG.value)))


if __name__ == "__main__":
    cli.run(main)
