"""Parts of a network by name, and options that hold for some of them."""

import dataclasses

from flax import nnx

TIME_SLOTS = ("time_maps", "time_features")  # of a head
Size = int | tuple[int, ...]
EXAMPLE = '("head/blocks/0", 5), "head"'


@dataclasses.dataclass(frozen=True)
class Parts:
    """Sizes for parts of a network; the first part that holds a layer counts."""

    option: str
    entries: tuple[tuple[str, Size | None], ...]  # (part such as "head/blocks/0", its size); "" is the whole network

    @classmethod
    def of(cls, option: str, given: tuple, several: bool = False) -> "Parts":
        """Parts as a config lists them: each a name, or a name with a whole number; ValueError names any other entry.

        With `several`, a part may have more than one number: ("head/blocks/0", (5, 3)).
        """
        if not isinstance(given, tuple):
            raise ValueError(f"{option} is {given!r}; expected a tuple of parts of the network, such as ({EXAMPLE})")
        entries = []
        for entry in given:
            name, size = (entry, None) if isinstance(entry, str) else _pair(entry)
            known = size is None or _whole(size) or (several and isinstance(size, tuple) and all(map(_whole, size)))
            if not name or not known or size == ():
                raise ValueError(
                    f"{option}: {entry!r} is not a part of the network with a whole number; expected entries such as "
                    f"{EXAMPLE}"
                )
            entries.append((name, size))
        return cls(option, tuple(entries))

    def size(self, name: str, otherwise: int, inside: int) -> Size:
        """That of the layer of this name: `inside` where its part has none, `otherwise` outside all parts."""
        found = next((size for part, size in self.entries if holds(part, name)), otherwise)
        return inside if found is None else found

    def check(self, names: list[str]) -> None:
        """ValueError for a part that holds none of these layers."""
        for part, _ in self.entries:
            if not any(holds(part, name) for name in names):
                raise ValueError(
                    f"{self.option}: no 3x3 convolution is inside '{part}'; they are {', '.join(names[:4])}, .. "
                    f"({len(names)} in all)"
                )


def _pair(entry: object) -> tuple[str, object]:
    """Name and size of an entry; an empty name where it is no pair."""
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str) and entry[1] is not None
    return entry if is_pair else ("", None)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def holds(part: str, name: str) -> bool:
    """Whether the layer of this name is the part or inside it."""
    return part in ("", name) or name.startswith(f"{part}/")


def layers(network: nnx.Module, kinds: type | tuple[type, ...]) -> dict[tuple, nnx.Module]:
    """The layers of some kinds by their paths, but those within a slot that static networks leave empty."""
    found = {path: layer for path, layer in nnx.iter_modules(network) if isinstance(layer, kinds)}
    return {path: layer for path, layer in found.items() if not set(path) & set(TIME_SLOTS)}


def named(path: tuple) -> str:
    """A path as text, such as "head/blocks/0"."""
    return "/".join(map(str, path))
