"""How the 3x3 convolutions of an affect head are factorized."""

import collections
import dataclasses
from collections.abc import Mapping

from flax import nnx

from affect_jax.models.parts import Number, Parts, layers, named
from affect_jax.nn.conv import Conv3x3, Convolution
from affect_jax.nn.factorized import BETWEEN, FactorizedConv, factorized
from affect_jax.nn.places import put
from affect_jax.ops.factors import resolve_rank

FORMS = ("cp", "tucker", "tt")
TAPS = {"height": 3, "width": 3}
LINKS = {"cp": ("rank",), "tucker": ("inputs", "outputs"), "tt": ("inputs", "height", "width")}  # ranks in a text


@dataclasses.dataclass(frozen=True)
class HeadFactorsConfig:
    """The kernels of the head; joined to the config of a network with a head.

    head_rank: rank of the 3x3 convolutions; 0 keeps them dense.
    head_ranks: those of single ones, such as "head/blocks/0/convs/1=12,head/blocks/2=8"; the first that holds counts.
        A rank for each link (see LINKS) is written 12x8, or 12x20x8 for a tensor train.
    head_form: "cp", "tucker" or "tt" (a tensor train).
    head_between: "linear", or "norm_relu": BatchNorm and ReLU after their first 1x1, as published; only the linear ones
        equal dense kernels.
    head_component_dropout: share of the components of cp kernels dropped in training.
    """

    head_rank: int = 0
    head_ranks: str = ""
    head_form: str = "cp"
    head_between: str = "linear"
    head_component_dropout: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        if self.head_rank < 0:
            raise ValueError(f"head_rank is {self.head_rank}; expected 0 (dense) or a positive rank")
        for name, known in (("head_form", FORMS), ("head_between", BETWEEN)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is '{getattr(self, name)}'; choose one of {', '.join(known)}")
        if not 0 <= self.head_component_dropout < 1:
            raise ValueError(f"head_component_dropout is {self.head_component_dropout}; expected a share in [0, 1)")
        if self.head_component_dropout and self.head_form != "cp":
            raise ValueError(f"head_component_dropout drops components of cp kernels; head_form is '{self.head_form}'")
        entries = Parts.of("head_ranks", self.head_ranks, several=True).entries
        if entries and not self.head_rank:
            raise ValueError(f"head_ranks is '{self.head_ranks}', but head_rank 0 keeps the kernels dense")
        links = LINKS[self.head_form]
        several = f", or one for each of {', '.join(links)}" if len(links) > 1 else ""
        for _, rank in entries:
            ranks = rank if isinstance(rank, tuple) else (rank,)
            if not all(ranks) or len(ranks) not in (1, len(links)):
                raise ValueError(
                    f"head_ranks is '{self.head_ranks}'; every part needs a rank of at least 1, as in head=8{several}"
                )

    def head_convolution(self) -> Convolution:
        """Makes the 3x3 convolutions of the head."""
        return self._factorized(self.head_rank) if self.head_rank else Conv3x3

    def _factorized(self, rank: Number) -> Convolution:
        rank = dict(zip(LINKS[self.head_form], rank, strict=True)) if isinstance(rank, tuple) else rank
        options = {"form": self.head_form, "between": self.head_between, "dropout": self.head_component_dropout}
        return factorized(TAPS, rank, **options)

    def resize(self, network: nnx.Module, *, rngs: nnx.Rngs) -> None:
        """Gives the layers named in `head_ranks` theirs; ValueError for a part that holds none."""
        parts, found = Parts.of("head_ranks", self.head_ranks, several=True), layers(network, FactorizedConv)
        parts.check([named(path) for path in found])
        for path, layer in found.items():
            rank = parts.number(named(path), otherwise=self.head_rank, inside=self.head_rank)
            if rank != self.head_rank:
                put(network, path, self._factorized(rank)(layer.inputs, layer.outputs, rngs=rngs))


def written_ranks(form: str, ranks: Mapping[str, Mapping[str, int]], sizes: Mapping[str, Mapping[str, int]]) -> dict:
    """The fields head_rank, the most common one, and head_ranks for layers of these ranks and kernel sizes, by name."""
    short, single = {}, collections.Counter()
    for name, given in ranks.items():
        links = [given[link] for link in LINKS[form]]
        largest = max(links)
        one_number = resolve_rank(form, sizes[name], largest) == resolve_rank(form, sizes[name], dict(given))
        short[name] = str(largest) if one_number else "x".join(map(str, links))
        single[largest] += 1
    head_rank = single.most_common(1)[0][0]
    others = [f"{name}={text}" for name, text in short.items() if text != str(head_rank)]
    return {"head_rank": head_rank, "head_ranks": ",".join(others)}
