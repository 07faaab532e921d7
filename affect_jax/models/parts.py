"""Parts of a network by name: numbers for some of them in a config's text."""

import dataclasses

from flax import nnx

TIME_SLOTS = ("time_maps", "time_features")  # of a head
Number = int | tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Parts:
    """Numbers for parts of a network; the first that holds a layer counts."""

    option: str
    entries: tuple[
        tuple[str, Number | None], ...
    ]  # (part such as "head/blocks/0"; "" is the whole, its number or None)

    @classmethod
    def of(cls, option: str, text: str, several: bool = False) -> "Parts":
        """Parts by comma, each with a whole number if wanted: "head/blocks/0=5,head"; ValueError names what is not.

        With `several` a part may have more than one number: "head/blocks/0=5x3".
        """
        entries = []
        for word in text.split(",") if text else ():
            part, given, number = word.strip().partition("=")
            numbers = number.split("x") if several else [number]
            if not part or (given and not all(one.strip().isdigit() for one in numbers)):
                raise ValueError(
                    f"{option} is '{text}': '{word}' is not understood; expected parts of the network by comma, each "
                    "with a whole number if wanted, such as head/blocks/0=5,head"
                )
            found = tuple(map(int, numbers)) if given else (None,)
            entries.append((part, found[0] if len(found) == 1 else found))
        return cls(option, tuple(entries))

    def number(self, name: str, otherwise: int, inside: int) -> Number:
        """That of the layer of this name: `inside` where its part has none, `otherwise` outside all parts."""
        found = next((number for part, number in self.entries if holds(part, name)), otherwise)
        return inside if found is None else found

    def check(self, names: list[str]) -> None:
        """ValueError for a part that holds none of these layers."""
        for part, _ in self.entries:
            if not any(holds(part, name) for name in names):
                raise ValueError(
                    f"{self.option}: no 3x3 convolution is inside '{part}'; they are {', '.join(names[:4])}, .. "
                    f"({len(names)} in all)"
                )


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
