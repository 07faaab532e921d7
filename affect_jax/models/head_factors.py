"""How the 3x3 convolutions of an affect head are factorized."""

import collections
from collections.abc import Mapping

from affect_jax.models.parts import Parts, Size
from affect_jax.nn.conv import Convolution
from affect_jax.nn.factorized import factorized
from affect_jax.ops.factors import resolve_rank

FORMS = ("cp", "tucker", "tt")
TAPS = {"height": 3, "width": 3}
LINKS = {"cp": ("rank",), "tucker": ("inputs", "outputs"), "tt": ("inputs", "height", "width")}  # each has a rank


def make_convolution(form: str, rank: Size, **options) -> Convolution:
    """Makes factorized convolutions of a single rank, or of one rank for each link of the form (see LINKS)."""
    if isinstance(rank, tuple):
        rank = dict(zip(LINKS[form], rank, strict=True))
    return factorized(TAPS, rank, form=form, **options)


def parse_ranks(form: str, rank: int, ranks: tuple) -> Parts:
    """The ranks of individual parts; ValueError names an invalid entry."""
    parts = Parts.of("ranks", ranks, several=True)
    if parts.entries and not rank:
        raise ValueError(f"ranks is {ranks}, but rank 0 keeps the kernels dense")
    links = LINKS[form]
    each = f", or one for each of {', '.join(links)}" if len(links) > 1 else ""
    for part, given in parts.entries:
        given_ranks = given if isinstance(given, tuple) else (given or 0,)
        if min(given_ranks) < 1 or len(given_ranks) not in (1, len(links)):
            raise ValueError(
                f"ranks has {given} for '{part}'; every part needs a rank of at least 1, as in ('head', 8){each}"
            )
    return parts


def rank_options(form: str, ranks: Mapping[str, Mapping[str, int]], sizes: Mapping[str, Mapping[str, int]]) -> dict:
    """The options `rank` (the most common one) and `ranks`, given the ranks and kernel sizes of each layer by name."""
    short = {}
    single = collections.Counter()
    for name, given in ranks.items():
        links = tuple(given[link] for link in LINKS[form])
        largest = max(links)
        one_number = resolve_rank(form, sizes[name], largest) == resolve_rank(form, sizes[name], dict(given))
        short[name] = largest if one_number else links
        single[largest] += 1
    rank = single.most_common(1)[0][0]
    return {"rank": rank, "ranks": tuple((name, size) for name, size in short.items() if size != rank)}
