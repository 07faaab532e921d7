"""Config of a training that compiles in seconds and lasts long enough to be stopped; its network is a test's."""

from ml_collections import ConfigDict
from small_network import Small, SmallConfig

from affect_jax.models.registry import MODELS
from configs import base

MODELS["small"] = (Small, SmallConfig)


def get_config() -> ConfigDict:
    config = base.base()
    config.batch_size, config.label_set = 8, "emonet_5"
    config.train.update(steps=400, log_every=1, evaluate_every=100)
    config.model, config.task = base.model("small"), base.task("affect")
    rendered = {"size_px": 48, "subjects": 2, "per_subject": 4}
    config.data.train.rendered = base.data_set("rendered", split="train", **rendered)
    config.evaluations.validation = base.data_set("rendered", split="validation", **rendered)
    return config
