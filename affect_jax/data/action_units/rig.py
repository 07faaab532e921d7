"""Action units by the names of a face rig's coefficients: Apple's 52 (ARKit, Live Link Face) and MediaPipe's 52.

The two sets differ, and each program has an order of its own: names are matched, in any case. A coefficient is how far
an expression of a rig is moved, not a grade of FACS; a linear map between the two explains about a quarter of the
variance. Source: the mapping of py-feat (cosanlab/py-feat, MIT).
"""

from collections.abc import Iterable, Mapping

SIDES = ("Left", "Right")
TWO_SIDED: Mapping[int, str] = {
    2: "browOuterUp",
    4: "browDown",
    5: "eyeWide",
    6: "cheekSquint",
    7: "eyeSquint",
    9: "noseSneer",
    10: "mouthUpperUp",
    12: "mouthSmile",
    14: "mouthDimple",
    15: "mouthFrown",
    16: "mouthLowerDown",
    20: "mouthStretch",
    23: "mouthPress",
    43: "eyeBlink",
}
ONE_SIDED: Mapping[int, str] = {1: "browInnerUp", 17: "mouthShrugLower", 18: "mouthPucker", 26: "jawOpen"}
OF_MEDIAPIPE = "_neutral"  # a column that Apple's rig does not have
# Coefficients that MediaPipe's network leaves near zero, whatever the face does (google-ai-edge/mediapipe#4450). Two
# are 0.0000 on each of 60 photographs (docs/results/intensity_labels.md): the network does not have these units.
WEAK_IN_MEDIAPIPE: Mapping[int, str] = {5: "eyeWide"}
ABSENT_IN_MEDIAPIPE: Mapping[int, str] = {6: "cheekSquint", 9: "noseSneer"}


def sides_of(unit: int) -> tuple[str, str]:
    """The coefficients of a unit on the left and right; one and the same if the rig has no sides for it."""
    if unit in ONE_SIDED:
        return ONE_SIDED[unit], ONE_SIDED[unit]
    return TWO_SIDED[unit] + SIDES[0], TWO_SIDED[unit] + SIDES[1]


def units_among(columns: Iterable[str]) -> dict[int, tuple[str, str]]:
    """The units whose coefficients are among the columns, in order, with the names as the table spells them."""
    spelled = {column.strip().lower(): column for column in columns}
    found = {}
    for unit in sorted((*TWO_SIDED, *ONE_SIDED)):
        left, right = (name.lower() for name in sides_of(unit))
        if left in spelled and right in spelled:
            found[unit] = (spelled[left], spelled[right])
    return found
