"""Finds the network in a checkpoint file, whatever it is wrapped in, and chooses among several copies of it.

Trainers wrap a network (`_orig_mod.`, `module.`, `model.`), keep an average of its weights beside it (`model_ema.`,
`state_dict_ema`, or `module.` with `n_averaged`), and store all of it under keys of their own. A copy is therefore
recognized by some names that every network of the kind has, under whatever keys and prefix they stand.

If a file holds both plain and averaged weights, the averaged ones are taken, as they are the ones to predict with;
the plain ones are taken if the average is incomplete, for example without the statistics of the norms.
"""

import collections
import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.convert.tensors import Tensors

# What PyTorch puts around a module or any of its parts: torch.compile, DataParallel, FSDP, activation checkpoints.
WRAPPERS = ("_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
COUNTER = "n_averaged"  # of torch.optim.swa_utils.AveragedModel
AVERAGED = re.compile(r"(?i)(?<![a-z])(ema|swa|avg|average|averaged|shadow)(?![a-z])")


@dataclasses.dataclass(frozen=True)
class Copy:
    """A network in a file."""

    state: str  # keys that lead to its dict of tensors
    prefix: str  # keys and prefix of its entries, such as "state_dict.module."
    tensors: Tensors  # by their names after the prefix, without wrappers
    names: frozenset[str]  # of these tensors in their dict
    averaged: bool

    @property
    def label(self) -> str:
        """Where it stands, for messages."""
        return f"'{self.prefix}'" if self.prefix else "no prefix"


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The network that is converted."""

    copy: Copy
    left_out: tuple[str, ...] = ()  # prefixes of other copies, and single entries
    note: str = ""  # why this copy was taken, if there are others

    @property
    def tensors(self) -> Tensors:
        """The entries of the network."""
        return self.copy.tensors


def choose(states: Mapping[str, Tensors], anchors: Sequence[str], where: str) -> Chosen:
    """Chooses the network in a file.

    Args:
      states: all dicts of tensors in the file, by the keys that lead to them.
      anchors: names that the network must have; a copy has at least half of them.
      where: the file, for messages.

    If no copy is found, the largest dict is returned without the prefix that all its names have in common. ValueError
    if several copies differ and none is the average of the others, or if entries beside the copy are unexplained.
    """
    copies = [copy for keys, tensors in states.items() for copy in _copies(keys, tensors, anchors)]
    if not copies:
        return Chosen(_largest(states))
    copy, note = _preferred(copies, where)
    return Chosen(copy, _left_out(copy, copies, states, where), note)


def ends_with(name: str, anchor: str) -> bool:
    """Whether a tensor is called `anchor`, under any prefix of PyTorch or of TensorFlow."""
    return name == anchor or name.endswith((f".{anchor}", f"/{anchor}"))


def _copies(keys: str, tensors: Tensors, anchors: Sequence[str]) -> list[Copy]:
    originals = _without_wrappers(tensors)
    counts, shown = collections.Counter(), {}
    for name, original in originals.items():
        for anchor in anchors:
            if ends_with(name, anchor):
                counts[name.removesuffix(anchor)] += 1
                if original.endswith(anchor):
                    shown.setdefault(name.removesuffix(anchor), original.removesuffix(anchor))
    prefixes = [prefix for prefix in shown if 2 * counts[prefix] >= len(anchors)]
    copies = []
    for prefix in prefixes:
        longer = tuple(other for other in prefixes if other != prefix and other.startswith(prefix))
        own = {}
        for name, original in originals.items():
            if name.startswith(prefix) and not name.startswith(longer) and name != prefix + COUNTER:
                own[name.removeprefix(prefix)] = original
        named = {name: tensors[original] for name, original in own.items()}
        averaged = AVERAGED.search(keys + prefix) is not None or prefix + COUNTER in originals
        copies.append(Copy(keys, keys + shown[prefix], named, frozenset(own.values()), averaged))
    return copies


def _without_wrappers(tensors: Tensors) -> dict[str, str]:
    """The names of a file by their form without wrappers, unless two of them would then be the same."""
    originals = {}
    for name in tensors:
        originals[".".join(part for part in name.split(".") if part not in WRAPPERS)] = name
    return originals if len(originals) == len(tensors) else {name: name for name in tensors}


def _largest(states: Mapping[str, Tensors]) -> Copy:
    keys, tensors = max(states.items(), key=lambda item: len(item[1]))
    first = min(tensors).split(".")[:-1]
    last = max(tensors).split(".")[:-1]
    common = 0
    while common < min(len(first), len(last)) and first[common] == last[common]:
        common += 1
    prefix = "".join(f"{part}." for part in first[:common])
    named = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return Copy(keys, keys + prefix, named, frozenset(tensors), averaged=False)


def _preferred(copies: Sequence[Copy], where: str) -> tuple[Copy, str]:
    """The copy to take, and why; ValueError if that is not clear."""
    averaged = _distinct([copy for copy in copies if copy.averaged])
    plain = _distinct([copy for copy in copies if not copy.averaged])
    if len(averaged) > 1 or len(plain) > 1:
        both = averaged if len(averaged) > 1 else plain
        raise ValueError(
            f"{where} holds {len(both)} networks that differ, under {' and '.join(copy.label for copy in both)}; save "
            "the one to convert on its own: torch.save(network.state_dict(), 'network.pth')"
        )
    if not averaged or not plain:
        return (averaged or plain)[0], ""
    if missing := sorted(set(plain[0].tensors) - set(averaged[0].tensors)):
        return plain[0], (
            f"took the plain weights, under {plain[0].label}; the averaged ones, under {averaged[0].label}, lack "
            f"{len(missing)} of their entries, such as {missing[0]}"
        )
    return averaged[0], (
        f"took the averaged weights, under {averaged[0].label}, instead of the plain ones, under {plain[0].label}"
    )


def _distinct(copies: Sequence[Copy]) -> list[Copy]:
    """Leaves out copies that equal an earlier one, as of a network and its compiled form."""
    distinct: list[Copy] = []
    for copy in copies:
        if not any(_equal(copy.tensors, other.tensors) for other in distinct):
            distinct.append(copy)
    return distinct


def _equal(one: Tensors, other: Tensors) -> bool:
    return set(one) == set(other) and all(np.array_equal(one[name], other[name]) for name in one)


def _left_out(chosen: Copy, copies: Sequence[Copy], states: Mapping[str, Tensors], where: str) -> tuple[str, ...]:
    """Names what is not converted; ValueError for tensors beside the network that may be a part of it."""
    others = [copy.prefix for copy in copies if copy is not chosen]
    inside = states[chosen.state]
    used = [copy.names for copy in copies if copy.state == chosen.state]
    beside = sorted(set(inside).difference(*used))
    # A single number counts something for the wrapper; averages in another form are not copies of the network.
    parts = [name for name in beside if inside[name].size > 1 and not AVERAGED.search(name)]
    if parts:
        raise ValueError(
            f"{where}: beside the network, under {chosen.label}, stand entries that are not part of it: "
            f"{', '.join(parts[:4])} ({len(parts)} in all); save the network on its own: "
            "torch.save(network.state_dict(), 'network.pth')"
        )
    left_out = others + [chosen.state + name for name in beside]
    for keys in states:
        if all(copy.state != keys for copy in copies):
            left_out += [keys] if keys else list(states[keys])
    return tuple(left_out)
