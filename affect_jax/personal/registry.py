"""All ways of adapting to a person, by name."""

from affect_jax.personal.linear import BiasScale, Unadapted
from affect_jax.personal.method import Method

METHODS: dict[str, Method] = {
    "none": Unadapted(),
    "bias_scale": BiasScale(),
}
