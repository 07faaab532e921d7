"""Columns in memory as rows that can be scored."""

import logging as standard_logging
import math

import numpy as np
import pytest

from affect_jax.emotions import LABEL_SETS
from affect_jax.tables.from_columns import rows_of

PROBABILITIES = {f"p_{name}": [0.2, 0.2] for name in LABEL_SETS["emonet_5"]}


def test_cells_become_numbers_and_missing_ones_have_no_weight():
    rows = rows_of(
        {
            "valence": [0.5, -0.25],
            "arousal": [0.125, 1.0],
            "label_valence": [None, 0.75],
            "label_arousal": [math.nan, -0.5],
            **PROBABILITIES,
            "label_expression": ["sad", None],
        },
        LABEL_SETS,
    )
    assert rows.label_set == "emonet_5" and len(rows) == 2
    np.testing.assert_array_equal(rows.values["valence_arousal"], [[0.5, 0.125], [-0.25, 1.0]])
    np.testing.assert_array_equal(rows.labels["valence_arousal"].weight, [0, 1])
    np.testing.assert_array_equal(rows.labels["valence_arousal"].value[1], [0.75, -0.5])
    np.testing.assert_array_equal(rows.labels["emotion"].value, [[0, 0, 1, 0, 0], [0] * 5])


def test_a_quantity_without_labels_is_left_out_and_one_without_a_prediction_does_not_count(caplog):
    table = {"valence": [0.5, None], "arousal": [0.5, None], "label_valence": [1, 1], "label_arousal": [1, 1]}
    with caplog.at_level(standard_logging.WARNING, logger="absl"):
        rows = rows_of({**table, **PROBABILITIES}, LABEL_SETS)
    assert list(rows.values) == ["valence_arousal"]
    np.testing.assert_array_equal(rows.labels["valence_arousal"].weight, [1, 0])
    assert caplog.messages == ["1 labels of valence_arousal have no prediction, because no face was found there"]


def test_columns_that_cannot_be_scored():
    with pytest.raises(ValueError, match="no quantity with predictions and labels, such as .*; it has valence"):
        rows_of({"valence": [0.5]}, LABEL_SETS)
    with pytest.raises(ValueError, match="p_happy, p_odd are not the columns of any label set"):
        rows_of({"p_happy": [1.0], "p_odd": [0.0]}, LABEL_SETS)
    with pytest.raises(ValueError, match="label_expression: 'joyous' is no label of emotion"):
        rows_of({**PROBABILITIES, "label_expression": ["joyous", "sad"]}, LABEL_SETS)
