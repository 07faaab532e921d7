"""Optimizers and schedules."""

import dataclasses

import jax
import optax

from affect_jax.train.groups import Multipliers, parse_multipliers, scaled


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """How parameters move."""

    name: str = "adamw"  # adamw | sgd (momentum 0.9)
    learning_rate: float = 1e-3  # peak learning rate
    schedule: str = (
        "cosine"  # cosine | constant | steps (x 0.1 at 30, 60 and 90 % of the run, as EmoNet's 15/30/45 of 50)
    )
    learning_rate_multipliers: Multipliers = ()  # factors on the learning rate of groups of parameters, such as
    # (("trunk/.*", 0.1), (".*/time", 3.0)): regular expressions over whole paths, of which the first that matches
    # counts; all others have 1. Weight decay is scaled with the learning rate
    warmup_steps: int = 0  # linear from 0
    weight_decay: float = 0.0  # on kernels only: no bias, norm or scale; adamw: decoupled, sgd: added to the gradient
    sparsity: float = 0.0  # weight in the loss of how evenly the components of cp kernels share their size; 0 = none
    # It drives whole components to zero, which python -m launch.prune drops. 0.001 was enough in the quickstart
    clip_norm: float = 0.0  # largest global norm of the gradient; 0 = no clipping
    average: float = 0.0  # decay of the running mean of the weights that is scored and kept, such as 0.999; 0 = none

    def __post_init__(self):
        if self.name not in ("adamw", "sgd"):
            raise ValueError(f"optimizer.name is '{self.name}'; choose adamw or sgd")
        if self.schedule not in ("cosine", "constant", "steps"):
            raise ValueError(f"optimizer.schedule is '{self.schedule}'; choose cosine, constant or steps")
        if not self.learning_rate > 0:
            raise ValueError(f"optimizer.learning_rate is {self.learning_rate}; it must be above 0")
        if not 0 <= self.average < 1:
            raise ValueError(f"optimizer.average is {self.average}; it must be at least 0 and below 1")
        for name in ("warmup_steps", "weight_decay", "sparsity", "clip_norm"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"optimizer.{name} is {getattr(self, name)}; it must not be negative")
        parse_multipliers(self.learning_rate_multipliers)


def schedule(config: OptimizerConfig, steps: int) -> optax.Schedule:
    """Learning rate at each step of a run of `steps`."""
    after = max(steps - config.warmup_steps, 1)
    main = {
        "cosine": optax.cosine_decay_schedule(config.learning_rate, after),
        "constant": optax.constant_schedule(config.learning_rate),
        "steps": optax.piecewise_constant_schedule(
            config.learning_rate, {round(after * part): 0.1 for part in (0.3, 0.6, 0.9)}
        ),
    }[config.schedule]
    if not config.warmup_steps:
        return main
    warmup = optax.linear_schedule(0.0, config.learning_rate, config.warmup_steps)
    return optax.join_schedules([warmup, main], [config.warmup_steps])


def make_optimizer(config: OptimizerConfig, steps: int) -> optax.GradientTransformation:
    """The update rule of a run of `steps`."""
    rate = schedule(config, steps)
    kernels = lambda params: jax.tree.map(lambda leaf: leaf.ndim > 1, params)
    rule = {
        "adamw": lambda: optax.adamw(rate, weight_decay=config.weight_decay, mask=kernels),
        "sgd": lambda: optax.chain(
            optax.add_decayed_weights(config.weight_decay, mask=kernels), optax.sgd(rate, momentum=0.9)
        ),
    }[config.name]()
    clipping = [optax.clip_by_global_norm(config.clip_norm)] if config.clip_norm else []
    groups = [scaled(config.learning_rate_multipliers)] if config.learning_rate_multipliers else []
    return optax.chain(*clipping, rule, *groups) if clipping or groups else rule
