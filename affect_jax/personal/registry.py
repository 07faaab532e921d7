"""All ways of adapting to a person, by name."""

from affect_jax.personal.adaptive_learning import AdaptiveLearning
from affect_jax.personal.experts import TunedExperts
from affect_jax.personal.gated_experts import GatedExperts
from affect_jax.personal.last_layer import LastLayer
from affect_jax.personal.linear import BiasScale, NeutralSubtraction, Unadapted
from affect_jax.personal.low_rank import LowRank
from affect_jax.personal.method import Method
from affect_jax.personal.prior import PriorCorrection
from affect_jax.personal.ridge import Ridge
from affect_jax.personal.siamese import Siamese
from affect_jax.personal.similar_sources import SimilarSources
from affect_jax.personal.uniform_experts import UniformExperts
from affect_jax.personal.whole_head import WholeHead

METHODS: dict[str, Method] = {
    "none": Unadapted(),
    "bias_scale": BiasScale(),
    "ridge": Ridge(),
    "neutral_subtraction": NeutralSubtraction(),
    "prior": PriorCorrection(),
    "last_layer": LastLayer(),
    "whole_head": WholeHead(),
    "low_rank": LowRank(),
    "adaptive_learning": AdaptiveLearning(),
    "siamese": Siamese(),
    "uniform_experts": UniformExperts(),
    "gated_experts": GatedExperts(),
    "similar_sources": SimilarSources(),
    "experts": TunedExperts(),
}
