"""The communication in a compiled program: what its devices exchange, read from the optimized HLO."""

import math
import re
from typing import NamedTuple

import jax

KINDS = (
    "all-reduce",
    "all-gather",
    "reduce-scatter",
    "all-to-all",
    "ragged-all-to-all",
    "collective-permute",
    "collective-broadcast",
)

# A result type such as "f32[4,8]{1,0}" or a tuple of them, and the operation. On accelerators collectives are split
# into "-start" and "-done"; the first is counted.
_INSTRUCTION = re.compile(rf" = (?P<type>\(.*?\)|\S+) (?P<kind>{'|'.join(KINDS)})(?P<start>-start)?\(")
_ARRAY = re.compile(r"\b(?P<dtype>pred|[a-z]+\d+\w*)\[(?P<shape>[\d,]*)\]")
_SOURCE = re.compile(r'op_name="(?P<source>[^"]*)"')
_WITH_INPUTS = ("all-gather", "collective-permute")  # their "-start" returns inputs, results and, maybe, contexts
_CONTEXT = "u32[]"


class Collective(NamedTuple):
    """One exchange between devices."""

    kind: str  # one of KINDS
    bytes: int  # size of its result on each device
    source: str  # the operation it was made for, as JAX names it; "" if unknown


class Total(NamedTuple):
    """All exchanges of one kind."""

    count: int
    bytes: int  # sum of the sizes on each device
    largest: int  # bytes of the largest one


def collectives(compiled: jax.stages.Compiled) -> tuple[Collective, ...]:
    """The exchanges between the devices of a program, in the order of its text; those in a loop count once."""
    return read_collectives(compiled.as_text())


def read_collectives(program: str) -> tuple[Collective, ...]:
    """The same, from the text of an optimized HLO module."""
    found = []
    for line in program.splitlines():
        if match := _INSTRUCTION.search(line):
            source = _SOURCE.search(line)
            arrays = list(_ARRAY.finditer(match["type"]))
            if match["start"] and match["kind"] in _WITH_INPUTS:
                arrays = [array for array in arrays if array[0] != _CONTEXT]
                arrays = arrays[len(arrays) // 2 :]
            size = sum(_bytes(array) for array in arrays)
            found.append(Collective(match["kind"], size, source["source"] if source else ""))
    return tuple(found)


def totals(found: tuple[Collective, ...]) -> dict[str, Total]:
    """Number and bytes of the exchanges of each kind that occurs, in the order of KINDS."""
    result = {}
    for kind in KINDS:
        sizes = [each.bytes for each in found if each.kind == kind]
        if sizes:
            result[kind] = Total(len(sizes), sum(sizes), max(sizes))
    return result


def _bytes(array: re.Match) -> int:
    bits = 8 if array["dtype"] == "pred" else int(re.search(r"\d+", array["dtype"])[0])
    sizes = [int(size) for size in array["shape"].split(",") if size]
    return math.prod(sizes) * bits // 8
