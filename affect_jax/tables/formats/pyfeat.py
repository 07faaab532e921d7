"""The columns of py-feat 2's Detectorv2, in its order and spelling, without those that nothing here measures.

Absent are pose, action units, gaze, identity embeddings and the mesh. `Identity` is "Person_" and the number of the
track, not a recognized person. Our `time_seconds` stands at the end, because `approx_time` holds minutes as text.
Intensities of emotions are left out: py-feat has none, and its emotions are probabilities.
Source: feat/detector_v2.py of py-feat 2.1.5.
"""

from affect_jax import emotions
from affect_jax.files.openface import POINTS
from affect_jax.quantities.registry import quantity
from affect_jax.tables.groups import BLENDSHAPES
from affect_jax.tables.schema import BOX, Schema

INCLUDE = ("landmarks",)  # groups that the table must have
EMOTIONS = ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger")  # then further ones of a label set
AFFECT = ("valence", "arousal")
QUANTITIES = ("valence_arousal", "emotion")  # that have columns; a table needs one of them


def to_pyfeat(frame: "polars.LazyFrame", schema: Schema) -> "polars.LazyFrame":
    """A table with frames from 0; a frame without a face has a row of missing numbers, as in py-feat.

    Emotions that the network does not know are missing, too.
    """
    from polars import Float64, String, col, format, lit

    missing = lit(None, Float64)
    known = _emotion_columns(schema)
    affect = quantity("valence_arousal").name in schema.quantities
    blendshapes = BLENDSHAPES if "blendshapes" in schema.groups else ()
    return frame.select(
        **{name: col(name) for name in BOX + POINTS},
        **{name: col(known[name]) if name in known else missing for name in _emotion_names(schema)},
        **{name: col(name) if affect else missing for name in AFFECT},
        **{name: col(name) for name in blendshapes},
        input=col("source"),
        frame=col("frame"),
        Identity=format("Person_{}", col("face").cast(String)),
        time_seconds=col("time_seconds"),
    )


def _emotion_columns(schema: Schema) -> dict[str, str]:
    """Our column of each emotion by its name in py-feat."""
    emotion = quantity("emotion")
    if emotion.name not in schema.quantities:
        return {}
    names = [name.capitalize() for name in emotions.names(schema.label_set)]
    return dict(zip(names, emotion.columns(schema.label_set), strict=True))


def _emotion_names(schema: Schema) -> list[str]:
    return list(dict.fromkeys([*EMOTIONS, *_emotion_columns(schema)]))


def units(schema: Schema) -> dict[str, str]:
    """The unit of each column of the result."""
    blendshapes = BLENDSHAPES if "blendshapes" in schema.groups else ()
    return {
        **{name: schema.units[name] for name in BOX + POINTS},
        **dict.fromkeys([*_emotion_names(schema), *AFFECT, *blendshapes], "1"),
        "input": "text",
        "frame": "index",
        "Identity": "text",
        "time_seconds": "s",
    }
