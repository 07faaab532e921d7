"""Joins labels that stand in a table of their own to predictions."""

from absl import logging

from affect_jax.emotions import canonical_name
from affect_jax.quantities.registry import QUANTITIES

KEYS = ("source", "frame", "face")
ANY_SET = "affectnet_8"  # the columns of labels do not depend on the label set


def join_labels(predictions: "polars.DataFrame", labels: "polars.DataFrame") -> "polars.DataFrame":
    """The predictions with their labels in columns label_...; ValueError if rows cannot be matched one to one."""
    keys = [name for name in KEYS if name in labels.columns and name in predictions.columns]
    if not set(keys) & {"source", "frame"}:
        raise ValueError(f"the labels need a column frame or source to be joined on; they have {_list(labels.columns)}")
    renamed = _rename(labels)
    columns = [name for name in renamed.columns if name.startswith("label_")]
    if not columns:
        raise ValueError(f"the labels have no column valence, arousal or expression; they have {_list(labels.columns)}")
    for table, what in ((renamed, "labels"), (predictions, "predictions")):
        if (repeated := table.filter(table.select(keys).is_duplicated())).height:
            where = ", ".join(f"{key} {repeated[key][0]}" for key in keys)
            more = [name for name in KEYS if name not in keys]
            raise ValueError(
                f"{where} has several rows in the {what}" + (f"; give the labels a column {more[-1]}" if more else "")
            )
    keyed = renamed.select(*keys, *columns)
    matched = keyed.join(predictions.select(keys), on=keys, how="semi").height
    if not matched:
        here, there = (table.select(keys).row(0) for table in (keyed, predictions))
        raise ValueError(f"no label belongs to a prediction: the first label is of {here}, the first row of {there}")
    if matched < keyed.height:
        logging.warning("%d of %d labels belong to no row of the predictions", keyed.height - matched, keyed.height)
    old = [name for name in predictions.columns if name.startswith("label_")]
    return predictions.drop(old).join(keyed, on=keys, how="left")


def _rename(labels: "polars.DataFrame") -> "polars.DataFrame":
    """Gives label columns the names that they have in an evaluation, and emotions the names of the label sets."""
    import polars

    wanted = [name for each in QUANTITIES.values() if each.rated for name in each.label_columns(ANY_SET)]
    names = {name.removeprefix("label_"): name for name in wanted if name not in labels.columns}
    renamed = labels.rename({old: new for old, new in names.items() if old in labels.columns})
    if "label_expression" not in renamed.columns:
        return renamed
    words = [word and canonical_name(str(word)) for word in renamed["label_expression"].to_list()]
    return renamed.with_columns(polars.Series("label_expression", words, polars.String))


def _list(columns: list[str]) -> str:
    return ", ".join(columns) if len(columns) < 20 else f"{len(columns)} others"
