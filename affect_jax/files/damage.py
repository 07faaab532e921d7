"""What a damaged recording has lost, and where."""

LONG_STEP = 1.5  # a step longer than this multiple of the usual one leaves room for another frame
REGULAR_SHARE = 0.9  # of steps that are usual, for a frame rate to be constant
FEWEST_STEPS = 8  # to decide that without a sign of damage
SIGN_FRAMES = 32  # frames after a sign of damage in which a gap is put down to it


class Damage:
    """Counts lost and damaged frames as the frames of a recording arrive.

    A gap in the time stamps counts as lost frames if the frame rate is constant otherwise and there was a sign of
    damage shortly before; in a container for broadcasts (`continuous`), without a sign too.
    """

    def __init__(self, step_seconds: float, continuous: bool):
        self._step = step_seconds
        self._continuous = continuous
        self._signs = 0
        self._sign_at = -SIGN_FRAMES - 1  # frame of the last one
        self._near = ""  # place of the first one
        self._last: tuple[int, float] | None = None  # index and time of the last frame
        self._steps = 0
        self._usual = 0
        self._gaps: list[tuple[int, str, bool]] = []  # frames that fit in, place, and whether there was a sign
        self._shown: list[int] = []  # frames that are shown with errors
        self._joined = False

    def frame(self, index: int, seconds: float, signs: int = 0, damaged: bool = False, backwards: bool = False) -> None:
        """Takes the next frame.

        Args:
          index: number of the frame.
          seconds: its time.
          signs: number of places so far that are or may be damaged.
          damaged: whether the frame is shown with errors.
          backwards: whether the time stamps ran backwards to it, as where two files were joined.
        """
        if signs > self._signs or damaged:
            self._sign_at = index
            self._near = self._near or f"near {_place(index, seconds)}"
        if damaged:
            self._shown.append(index)
        if self._last is not None:
            self._step_to(index, seconds)
        self._signs = signs
        self._joined |= backwards
        self._last = (index, seconds)

    def _step_to(self, index: int, seconds: float) -> None:
        steps = (seconds - self._last[1]) / self._step
        self._steps += 1
        self._usual += abs(steps - 1) < LONG_STEP - 1
        signed = index - self._sign_at <= SIGN_FRAMES
        if steps > LONG_STEP and (signed or self._continuous):
            place = f"between {_place(*self._last)} and {_place(index, seconds)}"
            self._gaps.append((round(steps) - 1, place, signed))

    def _lost(self) -> list[tuple[int, str]]:
        """Gaps that are losses: how many frames, and where."""
        others = self._steps - len(self._gaps)
        if self._usual < REGULAR_SHARE * others:
            return []
        return [(frames, place) for frames, place, signed in self._gaps if signed or others >= FEWEST_STEPS]

    def sentence(self, failures: int, flagged: int) -> str:
        """Describes the damage after the last frame; "" if there is none.

        Args:
          failures: packets that could not be decoded.
          flagged: packets that the container calls damaged. Where files were joined, that is no loss.
        """
        gaps = self._lost()
        parts = []
        if lost := max(sum(frames for frames, _ in gaps), failures):
            parts.append(f"{_count(lost, 'frame')} lost")
        if self._shown:
            parts.append(f"{_count(len(self._shown), 'frame')} shown with errors")
        if flagged and not parts and not self._joined:
            parts.append(f"{_count(flagged, 'packet')} incomplete")
        if not parts:
            return ""
        at_the_end = f"behind {_place(*self._last)}" if self._last else "before the first frame"
        where = gaps[0][1] if gaps else self._near or at_the_end
        more = f" and in {_count(len(gaps) - 1, 'more place')}" if len(gaps) > 1 else ""
        return f"is damaged: {' and '.join(parts)}, {where}{more}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _place(index: int, seconds: float) -> str:
    return f"frame {index} ({seconds:.2f} s)"
