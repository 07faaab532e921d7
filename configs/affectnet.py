"""EmoNet in its published size (256 px, 14 million parameters) on AffectNet, with 8, 7 or 5 emotions.

Source: Toisoul et al., Nature Machine Intelligence 3, 2021. Their training code is not public: loss, learning rates,
  batch size, class balancing and jitter follow an unofficial training of the same network; color jitter is off.
Command: python -m launch.convert --from=2DFAN2.pth --workdir=runs/affectnet/landmarks, or train your own landmarks with
  python -m launch.train --config=configs/affectnet.py:landmarks $ROOT --workdir=runs/affectnet/landmarks, then
  python -m launch.train --config=configs/affectnet.py:static $ROOT --workdir=runs/affectnet/static, then
  python -m launch.evaluate --workdir=runs/affectnet/static --data=affectnet --split=validation --set=clean=
Expected: on EmoNet's own cleaned test list (launch.import_lists), accuracy 0.75 and CCC 0.82, 0.75 for 8 emotions, and
  0.82 and 0.90, 0.80 for 5; lower on the whole validation list (a third party measured 0.52 and 0.57, 0.52 for 8).
Measured: not yet run (AffectNet is not redistributable).
"""

from ml_collections import ConfigDict

from configs import base

FACES = 287_651  # in the training list, with one of the 8 emotions
BATCH, EPOCHS = 64, 50


def get_config(variant: str = "static") -> ConfigDict:
    """Variants: landmarks, static, static_7, static_5, static_npy (2021 format), static_mixed (with FER+ and RAF-DB).

    ROOT=--config.data.train.affectnet.root=DIR, the folder with the lists and images, or with train_set and val_set.
    """
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/affectnet.py; choose one of {', '.join(VARIANTS)}")
    config = base.base()
    config.batch_size = BATCH
    # The defaults for rotation, scale, shift and mirroring are those of the source.
    config.augment.update(brightness=0.0, contrast=0.0, saturation=0.0, tint=0.0)
    return VARIANTS[variant](config)


def affectnet(config: ConfigDict, reader: str = "affectnet", **options) -> None:
    """Holds out a fiftieth of the training list to select the checkpoint; papers report the validation list."""
    parts = base.split_off(reader, of=50, root="data/AffectNet", **options)
    config.data.train.affectnet, config.evaluations.validation = parts


def landmarks(config: ConfigDict) -> ConfigDict:
    config.model = base.model("landmarks")
    config.task = base.task("landmarks")
    affectnet(config)
    config.train.update(steps=100_000, evaluate_every=5_000, log_every=100, best="-validation/nme")
    config.optimizer.update(learning_rate=1e-3, schedule="steps", warmup_steps=500)
    return config


def static(config: ConfigDict, label_set: str = "affectnet_8", reader: str = "affectnet") -> ConfigDict:
    config.model = base.model("emonet")
    config.task = base.task("affect")
    config.label_set = label_set
    config.frozen = "trunk/.*"
    config.initialize.update(rule="copy", workdir="runs/affectnet/landmarks")
    affectnet(config, reader, clean="automatic", only_label_set=label_set)
    config.data.balanced = 1.0
    config.train.update(steps=EPOCHS * FACES // BATCH, evaluate_every=FACES // BATCH, log_every=100)
    config.optimizer.update(name="adamw", learning_rate=1e-3, schedule="steps", weight_decay=0.0)
    return config


def static_mixed(config: ConfigDict) -> ConfigDict:
    """A fifth of the faces have emotion labels only."""
    static(config)
    config.data.train.affectnet.weight = 0.8
    config.data.train.ferplus = base.data_set("ferplus", weight=0.1, root="data/FERPlus")
    config.data.train.raf_db = base.data_set("raf_db", weight=0.1, root="data/RAF-DB")
    return config


VARIANTS = {
    "landmarks": landmarks,
    "static": static,
    "static_7": lambda config: static(config, "affectnet_7"),
    "static_5": lambda config: static(config, "emonet_5"),
    "static_npy": lambda config: static(config, reader="affectnet_npy"),
    "static_mixed": static_mixed,
}
