"""How the 3x3 convolutions of an affect head are factorized."""

import collections
from collections.abc import Mapping

from affect_jax.models.parts import Parts, Size
from affect_jax.nn.conv import Convolution
from affect_jax.nn.factorized import factorized
from affect_jax.ops.factors import resolve_rank

FORMS = ("cp", "tucker", "tt")
TAPS = {"height": 3, "width": 3}
LINKS = {"cp": ("rank",), "tucker": ("inputs", "outputs"), "tt": ("inputs", "height", "width")}  # what has a rank


def convolution_of(form: str, rank: Size, **options) -> Convolution:
    """Makes factorized convolutions of one rank, or of a rank for each link of the form (see LINKS)."""
    if isinstance(rank, tuple):
        rank = dict(zip(LINKS[form], rank, strict=True))
    return factorized(TAPS, rank, form=form, **options)


def ranks_of_parts(form: str, rank: int, ranks: tuple) -> Parts:
    """The ranks of single parts; ValueError names one that there is not."""
    parts = Parts.of("ranks", ranks, several=True)
    if parts.entries and not rank:
        raise ValueError(f"ranks is {ranks}, but rank 0 keeps the kernels dense")
    links = LINKS[form]
    each = f", or one for each of {', '.join(links)}" if len(links) > 1 else ""
    for part, given in parts.entries:
        numbers = given if isinstance(given, tuple) else (given or 0,)
        if min(numbers) < 1 or len(numbers) not in (1, len(links)):
            raise ValueError(
                f"ranks has {given} for '{part}'; every part needs a rank of at least 1, as in ('head', 8){each}"
            )
    return parts


def written_ranks(form: str, ranks: Mapping[str, Mapping[str, int]], sizes: Mapping[str, Mapping[str, int]]) -> dict:
    """The options rank, the most common one, and ranks for layers of these ranks and kernel sizes, by name."""
    short, single = {}, collections.Counter()
    for name, given in ranks.items():
        links = tuple(given[link] for link in LINKS[form])
        largest = max(links)
        one_number = resolve_rank(form, sizes[name], largest) == resolve_rank(form, sizes[name], dict(given))
        short[name] = largest if one_number else links
        single[largest] += 1
    rank = single.most_common(1)[0][0]
    return {"rank": rank, "ranks": tuple((name, size) for name, size in short.items() if size != rank)}
