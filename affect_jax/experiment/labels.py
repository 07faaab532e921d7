"""Joins labels that stand in a table of their own to predictions."""

from collections.abc import Sequence

from absl import logging

from affect_jax.tables.label_table import PREFIX

TIME = "time_seconds"
KEYS = ("source", "frame", "face")
USUAL_STEP = 0.04  # seconds between two frames, where there is only one


def join_labels(predictions: "polars.DataFrame", labels: "polars.DataFrame") -> "polars.DataFrame":
    """The predictions with their labels, which `read_labels` has read, in columns label_...

    Labels with `time_seconds` in place of `frame` are those of the nearest frame, at most half a frame away.
    ValueError if rows cannot be matched one to one.
    """
    keys = _keys(predictions, labels)
    columns = [name for name in labels.columns if name.startswith(PREFIX)]
    if not columns:
        raise ValueError(
            "the labels have no column valence, arousal or expression, and no intensity such as intensity_happy; they "
            f"have {_list(labels)}"
        )
    _require_unique(predictions, labels, keys)
    count = labels.height
    keyed = labels.select(*keys, *columns)
    if TIME in keys:
        keyed = _at_frames(keyed, predictions, keys)
    matched = keyed.join(predictions.select(keys), on=keys, how="semi").height
    if not matched:
        here, there = (_place(table, keys) for table in (labels, predictions))
        raise ValueError(f"no label belongs to a prediction: the first label is of {here}, the first row of {there}")
    if matched < count:
        logging.warning("%d of %d labels belong to no row of the predictions", count - matched, count)
    old = [name for name in predictions.columns if name.startswith(PREFIX)]
    return predictions.drop(old).join(keyed, on=keys, how="left")


def _keys(predictions: "polars.DataFrame", labels: "polars.DataFrame") -> list[str]:
    """The columns that both tables are joined on."""
    both = [name for name in (*KEYS, TIME) if name in labels.columns and name in predictions.columns]
    if TIME in both and ("frame" in both or labels[TIME].is_null().all()):
        both.remove(TIME)
    if not set(both) - {"face"}:
        raise ValueError(f"the labels need a column frame, {TIME} or source to be joined on; they have {_list(labels)}")
    return both


def _require_unique(predictions: "polars.DataFrame", labels: "polars.DataFrame", keys: Sequence[str]) -> None:
    for table, what in ((labels, "labels"), (predictions, "predictions")):
        known = table.drop_nulls(keys)
        repeated = known.filter(known.select(keys).is_duplicated())
        if not repeated.height:
            continue
        more = [name for name in ("face", "source") if name not in keys and name in predictions.columns]
        enough = [name for name in more if not predictions.select([*keys, name]).is_duplicated().any()]
        listed = f"a column {enough[0]}" if enough else f"the columns {' and '.join(more)}"
        advice = "remove all but one" if table is labels else ""
        if more:
            advice += f"{', or ' if advice else ''}give the labels {listed}"
        raise ValueError(f"{_place(repeated, keys)} has several rows in the {what}" + (advice and f"; {advice}"))


def _at_frames(labels: "polars.DataFrame", predictions: "polars.DataFrame", keys: Sequence[str]) -> "polars.DataFrame":
    """The labels at the times of frames: of each frame the nearest one, if it is at most half a frame away."""
    import polars

    recording = [name for name in ("clip",) if name in predictions.columns]
    times = predictions.select(*recording, TIME).drop_nulls(TIME).unique().sort(TIME)
    steps = times.select(polars.col(TIME).diff().over(recording) if recording else polars.col(TIME).diff())
    step = steps.filter(polars.col(TIME) > 0)[TIME].median() or USUAL_STEP
    same = [name for name in ("source",) if name in keys]
    frames = predictions.select(*same, polars.col(TIME).alias("nearest")).drop_nulls("nearest").unique()
    near = (
        labels.drop_nulls(TIME)
        .sort(TIME)
        .join_asof(
            frames.sort("nearest"),
            left_on=TIME,
            right_on="nearest",
            by=same or None,
            strategy="nearest",
            tolerance=0.5001 * step,  # more than half, for the rounding of times in tables
            check_sortedness=False,  # cannot be checked by group, and both are sorted
        )
    )
    away = (polars.col(TIME) - polars.col("nearest")).abs()
    nearest_first = near.drop_nulls("nearest").sort(away, maintain_order=True).drop(TIME).rename({"nearest": TIME})
    return nearest_first.unique(keys, keep="first", maintain_order=True)


def _place(table: "polars.DataFrame", keys: Sequence[str]) -> str:
    return ", ".join(f"{key} {table[key][0]}" for key in keys)


def _list(labels: "polars.DataFrame") -> str:
    names = [name.removeprefix(PREFIX) for name in labels.columns]
    return ", ".join(names) if len(names) < 20 else f"{len(names)} others"
