"""The columns of OpenFace 2, followed by ours for affect.

Pose, gaze, 3D landmarks, shape parameters and action units (AU..._r, AU..._c) have no column: nothing here measures
them. Source: Baltrusaitis et al., OpenFace 2.0, FG 2018, and the page "Output Format" of its wiki.
"""

from affect_jax.files.openface import POINTS
from affect_jax.quantities.registry import in_order
from affect_jax.tables.schema import BOX, Schema

INCLUDE = ("landmarks",)  # groups that the table must have
UNITS = {
    "frame": "index from 1",
    "face_id": "index",
    "timestamp": "s",
    "confidence": "1",
    "success": "0 or 1",
    **dict.fromkeys(POINTS, "px"),
}


def to_openface(frame: "polars.LazyFrame", schema: Schema) -> "polars.LazyFrame":
    """A table with frames from 1; without a face, face_id, confidence and landmarks are 0, and success is 0."""
    from polars import col

    ours = [name for each in in_order(schema.quantities) for name in each.units(schema.label_set)]
    return frame.select(
        frame=col("frame") + 1,
        face_id=col("face").fill_null(0),
        timestamp=col("time_seconds"),
        confidence=col(BOX[4]).fill_null(0.0),
        success=col("success"),
        **{name: col(name).fill_null(0.0) for name in POINTS},
        **{name: col(name) for name in ours if name in schema.columns},
    )


def units(schema: Schema) -> dict[str, str]:
    """The unit of each column of the result."""
    ours = [name for each in in_order(schema.quantities) for name in each.units(schema.label_set)]
    return {**UNITS, **{name: schema.units[name] for name in ours if name in schema.columns}}
