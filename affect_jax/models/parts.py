"""Parts of a network by name, and options that apply to some of them."""

import dataclasses

from flax import nnx

TIME_SLOTS = ("time_maps", "time_features")  # attributes of a head; None in static networks
Size = int | tuple[int, ...]
EXAMPLE = '("head/blocks/0", 5), "head"'


@dataclasses.dataclass(frozen=True)
class Parts:
    """Sizes for parts of a network; the first part that contains a layer applies."""

    option: str
    entries: tuple[tuple[str, Size | None], ...]  # (part, such as "head/blocks/0", and size); "" is the whole network

    @classmethod
    def of(cls, option: str, given: tuple, several: bool = False) -> "Parts":
        """Parses parts as listed in a config: names, or pairs of a name and an integer.

        ValueError shows an entry that is neither. With `several`, a part may have more than one number, as in
        ("head/blocks/0", (5, 3)).
        """
        if not isinstance(given, tuple):
            raise ValueError(f"{option} is {given!r}; expected a tuple of parts of the network, such as ({EXAMPLE})")
        entries = []
        for entry in given:
            name, size = (entry, None) if isinstance(entry, str) else _pair(entry)
            known = size is None or _whole(size) or (several and isinstance(size, tuple) and all(map(_whole, size)))
            if not name or not known or size == ():
                raise ValueError(
                    f"{option}: {entry!r} is not a part of the network, with or without an integer; expected entries "
                    f"such as {EXAMPLE}"
                )
            entries.append((name, size))
        return cls(option, tuple(entries))

    def size(self, name: str, outside: int, inside: int) -> Size:
        """The size of the named layer: `inside` if its part comes without one, `outside` if no part contains it."""
        for part, size in self.entries:
            if contains(part, name):
                return inside if size is None else size
        return outside

    def check(self, names: list[str]) -> None:
        """Raises ValueError for a part that contains none of these layers."""
        for part, _ in self.entries:
            if not any(contains(part, name) for name in names):
                raise ValueError(
                    f"{self.option}: there is no 3x3 convolution in '{part}'; choose among {', '.join(names[:4])}, ... "
                    f"({len(names)} in total)"
                )


def _pair(entry: object) -> tuple[str, object]:
    """Name and size of an entry; an empty name if it is not a pair."""
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str) and entry[1] is not None
    return entry if is_pair else ("", None)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def contains(part: str, name: str) -> bool:
    """Whether the named layer is the part itself or inside it."""
    return part in ("", name) or name.startswith(f"{part}/")


def find_layers(network: nnx.Module, kinds: type | tuple[type, ...]) -> dict[tuple, nnx.Module]:
    """Layers of the given types by path, except those in slots that are empty in static networks."""
    found = {path: layer for path, layer in nnx.iter_modules(network) if isinstance(layer, kinds)}
    return {path: layer for path, layer in found.items() if not set(path) & set(TIME_SLOTS)}


def join_path(path: tuple) -> str:
    """A path as text, such as "head/blocks/0"."""
    return "/".join(map(str, path))
