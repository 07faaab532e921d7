"""Converts a PyTorch checkpoint (EmoNet, or the trunk of 2DFAN) into a workdir.

  python -m launch.convert --from=emonet_8.pth --workdir=runs/emonet_8

Reads .pth (both forms), TorchScript and .safetensors without PyTorch and without running anything in the file. Writes
the checkpoint, config.json, source.json (fingerprint, license, crop, labels, every entry accounted for) and, where
PyTorch is installed, parity.json: the outputs here against the same tensors in PyTorch. Fails whole: nothing half done.
"""

import importlib.util
import pathlib

from absl import flags, logging

from affect_jax.experiment import cli

FROM = flags.DEFINE_string("from", None, "Checkpoint file, such as emonet_8.pth.")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the converted network.")
NETWORK = flags.DEFINE_enum("network", "auto", ["auto", "emonet", "fan"], "What the file holds.")
LABELS = flags.DEFINE_string("label_set", "", "Emotions in the order of the outputs; by their number if not given.")
INPUT_PX = flags.DEFINE_integer("input_px", 256, "Height and width of the crops it was trained on.")
POOLING = flags.DEFINE_enum(
    "pooling", "auto", ["auto", "max", "mean"], "How the trunk halves its maps; files do not say."
)
LICENSE = flags.DEFINE_string("license", "", "License of the file; that of the published weights if not given.")
PARITY = flags.DEFINE_bool("parity", True, "Compare with PyTorch where it is installed; above 1e-4 nothing is kept.")
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
