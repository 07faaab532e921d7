"""A network of ten lines that learns valence, arousal and emotions from landmarks; it compiles in a second."""

import dataclasses

from flax import nnx

from affect_jax.models.contract import Contract
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class SmallConfig:
    emotions: int = 8
    contract = Contract(takes="landmarks", predicts=("valence_arousal", "emotion"), input_px=64)


class Small(nnx.Module):
    def __init__(self, config: SmallConfig, *, rngs: nnx.Rngs):
        self.hidden = nnx.Linear(2 * 68, 8, rngs=rngs)
        self.output = nnx.Linear(8, 2 + config.emotions, rngs=rngs)

    def __call__(self, landmarks, *, rngs=None):
        outputs = self.output(nnx.relu(self.hidden(landmarks.reshape(len(landmarks), -1) / 64)))
        return Predictions(valence_arousal=outputs[..., :2], emotion=outputs[..., 2:])
