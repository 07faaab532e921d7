"""A config of a small network that is shipped, and three points of it that share their compiled programs."""

from ml_collections import ConfigDict

from configs import base

TRUNK = {"input_px": 32, "widths": (4, 8, 8), "modules": 1, "depth": 2}


def get_config() -> ConfigDict:
    config = base.base()
    config.batch_size, config.frozen = 8, "trunk/.*"
    config.train.update(steps=40, log_every=1, evaluate_every=20)
    config.model = base.model("emonet", trunk=TRUNK, head={"blocks": 1, "rank": 4}, execution="direct")
    config.task = base.task("affect")
    rendered = {"size_px": 48, "subjects": 2, "per_subject": 4}
    config.data.train.rendered = base.data_set("rendered", split="train", **rendered)
    config.evaluations.validation = base.data_set("rendered", split="validation", **rendered)
    return config


def get_sweep():
    return [{"augment.brightness": brightness} for brightness in (0.0, 0.1, 0.2)]
