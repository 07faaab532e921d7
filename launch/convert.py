"""Converts a PyTorch checkpoint (EmoNet, or the trunk of 2DFAN) into a workdir.

  python -m launch.convert --from=emonet_8.pth --workdir=runs/emonet_8

Reads .pth (both forms), TorchScript and .safetensors without PyTorch and without running anything in the file. Writes
the checkpoint, config.json, source.json (fingerprint, license, crop, labels, an account of every entry) and, where
PyTorch is installed, parity.json, which compares the outputs with PyTorch's for the same tensors. If anything fails,
nothing is written. The workdir serves launch.evaluate, launch.predict and initialize.rule=copy.
"""

import importlib.util
import pathlib

from absl import flags, logging

from affect_jax.experiment import cli
from launch.flags import define_new_workdir

FROM = flags.DEFINE_string("from", None, "PyTorch checkpoint file, such as emonet_8.pth.")
WORKDIR = define_new_workdir()
NETWORK = flags.DEFINE_enum("network", "auto", ["auto", "emonet", "fan"], "Network that the file holds.")
LABELS = flags.DEFINE_string(
    "label_set", "", "Label set in the order of the outputs; by default the one with as many labels."
)
INPUT_PX = flags.DEFINE_integer("input_px", 256, "Height and width of the crops that the network was trained on.")
POOLING = flags.DEFINE_enum(
    "pooling", "auto", ["auto", "max", "mean"], "How the trunk halves its feature maps, which no file records."
)
LICENSE = flags.DEFINE_string("license", "", "License of the file; by default that of the published weights.")
PARITY = flags.DEFINE_bool("parity", True, "Compare with PyTorch if installed; a difference above 1e-4 is an error.")
flags.mark_flags_as_required(["from", "workdir"])


def main() -> None:
    from affect_jax.experiment.derive.convert import ConversionConfig, convert_run
    from configs.base import base

    reference = None
    if PARITY.value and importlib.util.find_spec("torch"):
        from launch.torch_reference import outputs as reference
    elif PARITY.value:
        logging.warning('no parity.json: PyTorch is not installed (pip install "affect_jax[torch]")')
    settings = ConversionConfig(NETWORK.value, LABELS.value, INPUT_PX.value, POOLING.value, LICENSE.value)
    convert_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), settings, base(), reference)


if __name__ == "__main__":
    cli.run(main)
