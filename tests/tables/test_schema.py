"""The columns that a schema has are those that docs/tables.md explains."""

import pathlib
import re

from affect_jax.emotions import EMOTION_UNITS
from affect_jax.tables.groups import BLENDSHAPES
from affect_jax.tables.schema import Schema

ROOT = pathlib.Path(__file__).parents[2]


def explained():
    """Unit of each column by the first table of docs/tables.md."""
    text = (ROOT / "docs" / "tables.md").read_text().partition("## Columns\n")[2].partition("\n\nThe box")[0]
    found = {}
    for line in text.strip().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        found |= dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells[1])
    return found


def test_every_column_is_explained_with_its_unit():
    intensities = tuple(f"intensity_{emotion}" for emotion in EMOTION_UNITS)
    schema = Schema("m", "c", 64, "affectnet_8", ("valence_arousal", "emotion", *intensities), boxes=True)
    units = explained()
    for name, unit in schema.units.items():
        if not name.startswith("p_"):
            assert units[name] == unit, name
    assert {name for name in units if name not in schema.columns} == {"label_..."}


def test_blendshapes_are_those_of_mediapipe():
    assert len(BLENDSHAPES) == len(set(BLENDSHAPES)) == 52
    left = {name.removesuffix("Left") for name in BLENDSHAPES if name.endswith("Left")}
    assert left == {name.removesuffix("Right") for name in BLENDSHAPES if name.endswith("Right")}
    assert BLENDSHAPES[0] == "_neutral" and "tongueOut" not in BLENDSHAPES  # Apple's
