"""Optimizers and schedules."""

import dataclasses

import jax
import optax

from affect_jax.train.groups import Multipliers, parse_multipliers, scale_updates


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """Options of the optimizer and its schedule."""

    name: str = "adamw"  # adamw | sgd (momentum 0.9)
    learning_rate: float = 1e-3  # peak learning rate
    schedule: str = "cosine"  # cosine | constant | steps (x 0.1 at each of `drops`)
    drops: tuple[float, ...] = (0.3, 0.6, 0.9)  # shares of the run, such as EmoNet's 15, 30 and 45 of 50 epochs
    # Factors on the learning rate of parameter groups, such as (("trunk/.*", 0.1), (".*/time", 3.0)): regular
    # expressions for whole paths; the first that matches applies, and the default is 1. Weight decay scales too.
    learning_rate_multipliers: Multipliers = ()
    warmup_steps: int = 0  # linear from 0
    weight_decay: float = 0.0  # on kernels only, not on biases, norms or scales; adamw: decoupled, sgd: in the gradient
    # Weight of a penalty that drives whole components of CP kernels to zero, which python -m launch.prune then removes;
    # 0 = none. 0.001 was enough in the quickstart.
    sparsity: float = 0.0
    average: float = 0.0  # decay of the running average of the weights, evaluated and saved, such as 0.999; 0 = none

    def __post_init__(self):
        if self.name not in ("adamw", "sgd"):
            raise ValueError(f"optimizer.name is '{self.name}'; choose adamw or sgd")
        if self.schedule not in ("cosine", "constant", "steps"):
            raise ValueError(f"optimizer.schedule is '{self.schedule}'; choose cosine, constant or steps")
        if not self.learning_rate > 0:
            raise ValueError(f"optimizer.learning_rate is {self.learning_rate}; it must be above 0")
        if not 0 <= self.average < 1:
            raise ValueError(f"optimizer.average is {self.average}; it must be at least 0 and below 1")
        for name in ("warmup_steps", "weight_decay", "sparsity"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"optimizer.{name} is {getattr(self, name)}; it must not be negative")
        if any(not before < share < 1 for before, share in zip((0.0, *self.drops), self.drops, strict=False)):
            raise ValueError(f"optimizer.drops is {self.drops}; expected increasing shares of the run between 0 and 1")
        parse_multipliers(self.learning_rate_multipliers)

    @property
    def idle(self) -> dict[str, str]:
        """The options without effect, with the reason."""
        reason = f"optimizer.schedule is '{self.schedule}'"
        return {} if self.schedule == "steps" else {"drops": reason}


def schedule(config: OptimizerConfig, steps: int) -> optax.Schedule:
    """Learning rate at each step of a run of `steps`."""
    after = max(steps - config.warmup_steps, 1)
    if config.schedule == "cosine":
        main = optax.cosine_decay_schedule(config.learning_rate, after)
    elif config.schedule == "constant":
        main = optax.constant_schedule(config.learning_rate)
    else:
        drops = {round(after * share): 0.1 for share in config.drops}
        main = optax.piecewise_constant_schedule(config.learning_rate, drops)
    if not config.warmup_steps:
        return main
    warmup = optax.linear_schedule(0.0, config.learning_rate, config.warmup_steps)
    return optax.join_schedules([warmup, main], [config.warmup_steps])


def make_optimizer(config: OptimizerConfig, steps: int) -> optax.GradientTransformation:
    """Makes the update rule of a run of `steps`."""
    rate = schedule(config, steps)
    kernels = lambda params: jax.tree.map(lambda leaf: leaf.ndim > 1, params)
    if config.name == "adamw":
        rule = optax.adamw(rate, weight_decay=config.weight_decay, mask=kernels)
    else:
        decay = optax.add_decayed_weights(config.weight_decay, mask=kernels)
        rule = optax.chain(decay, optax.sgd(rate, momentum=0.9))
    multipliers = config.learning_rate_multipliers
    return optax.chain(rule, scale_updates(multipliers)) if multipliers else rule
