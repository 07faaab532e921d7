"""The rules by which a network gains or loses time."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class InflationRule:
    """A rule of launch.inflate."""

    form: str  # of the temporal layers, one of models.time_layers.FORMS; "" without any
    initialize: str  # initialize.rule of the new run, one of TRANSFERS


INFLATIONS = {
    "factorized": InflationRule("factorized", "inflate"),
    "channelwise": InflationRule("channelwise", "inflate"),
    "dense": InflationRule("dense", "inflate"),
    "i3d": InflationRule("dense", "inflate_mean"),
    "static": InflationRule("", "inflate"),
}
TRANSFERS = {"inflate": "present", "inflate_mean": "mean"}  # initialize.rule -> rule of models.inflation.transfer
