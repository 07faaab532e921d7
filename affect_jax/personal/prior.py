"""The method `prior`: empirical Bayes."""

import dataclasses
from typing import Any

from jaxtyping import PRNGKeyArray

from affect_jax.personal.adapter import Adapter
from affect_jax.personal.correction import Prior, correct, prior_without_sources
from affect_jax.personal.given import Given
from affect_jax.personal.linear import Linear
from affect_jax.personal.method import LABELS, NEUTRAL
from affect_jax.personal.prior_learning import learn_prior
from affect_jax.personal.sources import Sources


@dataclasses.dataclass(frozen=True)
class PriorCorrection(Linear):
    """A bias, a scale and weights of the features for each output, with a Gaussian prior from source persons.

    With a neutral segment, the output at the neutral face is subtracted and features are measured from it. What the
    corrections of people have in common then changes predictions without any label. Labels enter by the number of
    independent ones among them (`independence`). Without source persons the prior is isotropic, of documented strength.
    """

    name: str = "prior"
    needs: tuple[str, ...] = (LABELS, NEUTRAL)

    def learn(self, sources: Sources, key: PRNGKeyArray) -> Prior:
        return learn_prior(self, sources, key)

    def adapt(self, prior: Any, given: Given, key: PRNGKeyArray) -> Adapter:
        return correct(prior if isinstance(prior, Prior) else prior_without_sources(given), given)
