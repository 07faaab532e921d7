"""What a damaged recording has lost, and where."""

LONG_STEP = 1.5  # a step longer than this multiple of the usual one leaves room for another frame
REGULAR_SHARE = 0.9  # of steps that are usual, for a frame rate to be constant
FEWEST_STEPS = 8  # seen before that is decided
SIGN_FRAMES = 32  # frames after a sign of damage in which a gap is put down to it


class Damage:
    """Counts lost and damaged frames as the frames of a recording arrive.

    A gap in the time stamps counts as lost frames if the frame rate was constant so far and there was a sign of damage
    shortly before; in a container for broadcasts (`continuous`), without a sign too.
    """

    def __init__(self, step_seconds: float, continuous: bool):
        self._step = step_seconds
        self._continuous = continuous
        self._signs = 0
        self._last: tuple[int, float] | None = None  # index and time of the last frame
        self._sign_at = -SIGN_FRAMES - 1
        self._steps = 0
        self._usual = 0
        self._missing = 0
        self._gaps: list[str] = []
        self._shown: list[int] = []  # frames that are shown with errors
        self._near = ""  # place of the first sign
        self._joined = False

    def frame(self, index: int, seconds: float, signs: int = 0, damaged: bool = False, backwards: bool = False) -> None:
        """Takes the next frame.

        Args:
          index: number of the frame.
          seconds: its time.
          signs: number of damaged packets so far.
          damaged: whether the frame is shown with errors.
          backwards: whether the time stamps ran backwards to it, as where two files were joined.
        """
        if signs > self._signs or damaged:
            self._sign_at = index
            self._near = self._near or f"near {_place(index, seconds)}"
        if lost := self._lost_before(index, seconds):
            self._gaps.append(f"between {_place(*self._last)} and {_place(index, seconds)}")
        if damaged:
            self._shown.append(index)
        self._missing += lost
        self._signs = signs
        self._joined |= backwards
        self._last = (index, seconds)

    def _lost_before(self, index: int, seconds: float) -> int:
        if self._last is None:
            return 0
        steps = (seconds - self._last[1]) / self._step
        lost = 0
        if steps > LONG_STEP and self._is_regular() and (self._continuous or index - self._sign_at <= SIGN_FRAMES):
            lost = round(steps) - 1
        self._steps += 1
        self._usual += abs(steps - 1) < LONG_STEP - 1
        return lost

    def _is_regular(self) -> bool:
        return self._steps >= FEWEST_STEPS and self._usual >= REGULAR_SHARE * self._steps

    def sentence(self, failures: int, flagged: int) -> str:
        """Describes the damage after the last frame; "" if there is none.

        Args:
          failures: packets that could not be decoded.
          flagged: packets that the container calls damaged. Where files were joined, that is no loss.
        """
        parts = []
        if lost := max(self._missing, failures):
            parts.append(f"{_count(lost, 'frame')} lost")
        if self._shown:
            parts.append(f"{_count(len(self._shown), 'frame')} shown with errors")
        if flagged and not parts and not self._joined:
            parts.append(f"{_count(flagged, 'packet')} incomplete")
        if not parts:
            return ""
        at_the_end = f"behind {_place(*self._last)}" if self._last else "before the first frame"
        where = self._gaps[0] if self._gaps else self._near or at_the_end
        more = f" and in {_count(len(self._gaps) - 1, 'more place')}" if len(self._gaps) > 1 else ""
        return f"is damaged: {' and '.join(parts)}, {where}{more}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _place(index: int, seconds: float) -> str:
    return f"frame {index} ({seconds:.2f} s)"
