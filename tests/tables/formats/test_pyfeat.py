"""The preset of py-feat's Detectorv2."""

import json

import numpy as np
import polars
import pytest

from affect_jax.tables.export import write_preset
from affect_jax.tables.groups import BLENDSHAPES
from affect_jax.tables.reading import read_rows

EMOTIONS = ["Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger"]  # feat/multitask/__init__.py
POINTS = [f"{axis}_{number}" for axis in "xy" for number in range(68)]


@pytest.mark.parametrize("include", [("landmarks",), ("landmarks", "blendshapes")])
def test_columns_have_the_order_and_spelling_of_detectorv2(write_video, include):
    path = write_video((0.0, 0.04), ((0, 1), ()), include=include)
    target, beside = write_preset(path, "pyfeat", ".parquet")
    frame, ours = polars.read_parquet(target), read_rows(path)
    assert frame.columns == [
        *("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"),
        *POINTS,
        *EMOTIONS,
        "Contempt",  # of affectnet_8; the last one in py-feat's own networks with eight
        "valence",
        "arousal",
        *(BLENDSHAPES if "blendshapes" in include else ()),
        *("input", "frame", "Identity", "time_seconds"),
    ]
    assert list(json.loads(beside.read_text())["units"]) == frame.columns
    assert frame["frame"].to_list() == [0, 0, 1] and frame["Identity"].to_list() == ["Person_0", "Person_1", None]
    assert frame["input"].to_list() == ["a.mp4"] * 3 and frame["time_seconds"].to_list() == [0.0, 0.0, 0.04]
    affect = frame.select("valence", "arousal").to_numpy()
    np.testing.assert_array_equal(affect, ours.values["valence_arousal"])
    # affectnet_8: neutral, happy, sad, surprise, fear, disgust, anger, contempt
    np.testing.assert_array_equal(frame.select(*EMOTIONS, "Contempt").to_numpy(), ours.values["emotion"])
    np.testing.assert_array_equal(frame.select(POINTS).to_numpy(), ours.included["landmarks"])
    last = frame.row(2, named=True)
    assert {name for name, value in last.items() if value is not None} == {"input", "frame", "time_seconds"}


def test_emotions_go_by_name_and_those_unknown_to_the_network_are_missing(write_video):
    path = write_video((0.0, 0.04), ((0,), (0,)), label_set="emonet_5")
    target, _ = write_preset(path, "pyfeat")
    frame, ours = polars.read_csv(target), read_rows(path)
    for place, name in enumerate(("Neutral", "Happy", "Sad", "Surprise", "Anger")):
        np.testing.assert_array_equal(frame[name], ours.values["emotion"][:, place])
    assert frame["Fear"].null_count() == frame["Disgust"].null_count() == 2 and "Contempt" not in frame.columns
