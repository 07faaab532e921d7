"""Converts another program's checkpoint (EmoNet, the trunk of 2DFAN, or I3D) into a workdir.

  python -m launch.convert --from=emonet_8.pth --workdir=runs/emonet_8

Reads .pth (both formats), TorchScript, .safetensors and .npz without PyTorch and without executing code in the file.
The network is found under any prefix and key; of plain and averaged weights in one file, the averaged ones are taken.
Writes the checkpoint, config.json, source.json (checksum, license, crop, labels, and what became of each entry) and, if
PyTorch is installed, parity.json, which compares the outputs with those of PyTorch for the same tensors. If anything
fails, nothing is written. The workdir works with launch.evaluate, launch.predict and initialize.rule=copy. Its crops
are those of the published EmoNet evaluation to the gray level; --warp=antialiased averages where they shrink.

I3D (pytorch-i3d, kinetics-i3d, or torchvision's GoogLeNet with time added) gets new heads of intensity, which each run
draws that starts from the workdir. TensorFlow's checkpoints are taken as .npz: see docs/decisions/intensity.md.
"""

import importlib.util
import pathlib

from absl import flags, logging

from affect_jax.experiment import cli
from launch.flags import define_new_workdir, define_path, require

FROM = define_path("from", "Checkpoint file, such as emonet_8.pth.")
WORKDIR = define_new_workdir()
NETWORK = flags.DEFINE_enum("network", "auto", ["auto", "emonet", "fan", "i3d"], "Network in the file.")
LABELS = flags.DEFINE_string(
    "label_set", "", "Label set, in the order of the outputs; by default the one with as many labels as outputs."
)
INPUT_PX = flags.DEFINE_integer(
    "input_px", 0, "Height and width of the crops that the network was trained on; by default 256, 224 for I3D."
)
POOLING = flags.DEFINE_enum(
    "pooling", "auto", ["auto", "max", "mean"], "How the trunk halves its maps; checkpoint files do not record it."
)
LICENSE = flags.DEFINE_string("license", "", "License of the file; by default the license of the published weights.")
WARP = flags.DEFINE_enum(
    "warp", "auto", ["auto", "emonet", "antialiased"], "How its crops are cut; auto: as EmoNet's, averaged for I3D."
)
PARITY = flags.DEFINE_bool("parity", True, "Compare with PyTorch, if installed; differences above 1e-4 are errors.")
require("from", "workdir")


def main() -> None:
    from affect_jax.experiment.derive.convert import ConversionConfig, convert_run
    from configs.base import base

    reference = None
    if PARITY.value and importlib.util.find_spec("torch"):
        from launch.torch_reference import outputs as reference
    elif PARITY.value:
        logging.warning('no parity.json: PyTorch is not installed (pip install "affect_jax[torch]")')
    given = (NETWORK.value, LABELS.value, INPUT_PX.value, POOLING.value, LICENSE.value, WARP.value)
    settings = ConversionConfig(*given)
    convert_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), settings, base(), reference)


if __name__ == "__main__":
    cli.run(main)
