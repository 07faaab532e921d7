"""A static network for RECOLA's source people, from which personalization to its target people starts.

Source: Feffer, Rudovic and Picard, MLDM 2018: nine people to learn from, nine others to adapt to. Network, learning
  rates and delay are ours, because theirs are not published; the delay follows Mariooryad and Busso, IEEE TAC 6(2),
  2015, who find 1 to 3 s. Which people are sources: affect_jax/data/readers/recola_people.py, or list them.
Command: python -m launch.find_faces --data=recola --data_root=DIR, then
  python -m launch.train --config=configs/recola.py:static $ROOT --workdir=runs/recola/static, then for
  PEOPLE in sources, targets: python -m launch.features --workdir=runs/recola/static --data=recola --split=PEOPLE
  --output=runs/recola/PEOPLE, then python -m launch.compare_adaptation --sources=runs/recola/sources
  --targets=runs/recola/targets --neutral_seconds=0 --output=runs/recola/comparison
Expected: with 5 to 10 % of the frames of a new person, a large gain over the network of all (no figure is published).
Measured: not yet run (RECOLA is not redistributable); on an imitation, tests/experiment/test_recola.py.
"""

from ml_collections import ConfigDict

from configs import base, quickstart

STORE = "runs/recola/data"  # each video is decoded once
DELAY_SECONDS = 2.0  # reaction lag of the annotators
SHARED = ("root", "labels", "rater", "sources", "targets")  # one flag for both halves
# For a network that starts from trained weights, as in configs/clips.py.
FINE_TUNING = {"fixed_statistics": ".*", "optimizer.learning_rate": 3e-4, "optimizer.average": 0.99}


def get_config(variant: str = "static") -> ConfigDict:
    """Variants: static (256 px, from configs/affectnet.py:static), small (64 px, from the quickstart).

    ROOT=--config.data.train.recola.root=DIR, the folder with labels and videos; other options of the reader, such as
    --config.data.train.recola.rater=FF1, are shared by sources and targets too.
    """
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/recola.py; choose one of {', '.join(VARIANTS)}")
    config = base.base()
    config.task = base.task("affect")  # without emotions: RECOLA has valence and arousal only
    recola(config)
    config.initialize.rule = "copy"
    config.update_from_flattened_dict(FINE_TUNING)
    VARIANTS[variant](config)
    config.data.store = STORE
    config.data.stored.update(crop_px=config.model.trunk.input_px, encoding="jpeg")
    return config


def recola(config: ConfigDict) -> None:
    """Evaluates on the targets once, at the end: nobody but the sources has a say in the network."""
    clock = {"delay_seconds": DELAY_SECONDS}
    sources, targets = (
        base.data_set("recola", split=split, root="data/RECOLA", clock=clock) for split in ("sources", "targets")
    )
    for option in SHARED:
        targets[option] = sources.get_ref(option)
    targets.clock = sources.get_ref("clock")
    config.data.train.recola, config.evaluations.targets = sources, targets
    config.train.update(steps=1000, evaluate_every=1000, log_every=50, best="targets/ccc/mean")


def static(config: ConfigDict) -> None:
    config.model = base.model("emonet")
    config.initialize.workdir = "runs/affectnet/static"


def small(config: ConfigDict) -> None:
    config.model = base.model("emonet", trunk=quickstart.SIZES, head=quickstart.HEAD, **quickstart.FIXED)
    config.initialize.workdir = "runs/quickstart/static"


VARIANTS = {"static": static, "small": small}
