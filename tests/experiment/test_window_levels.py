"""Histograms of the intensities that training windows end with: hand-counted, and refused where there are none."""

import csv

import numpy as np
import pytest
from matplotlib import image as images

from affect_jax.data.source import Concatenated, Table
from affect_jax.experiment import window_levels
from affect_jax.experiment.config.errors import UsageError
from affect_jax.types import Label, Labels
from configs import base


class Smile:
    """From neutral to full and back, in 24 frames; four of them lie in between."""

    label_set = "affectnet_8"

    def __init__(self):
        value = np.float32([0] * 8 + [2, 4, 6, 8] + [10] * 4 + [8, 6, 4, 2] + [0] * 4)[:, None]
        labels = Labels(intensity_happy=Label(value, np.ones(24, np.float32)))
        frames = np.arange(24)
        self.examples = Table(frames.astype(str), ["a"] * 24, ["1"] * 24, frames, frames / 25, labels)

    def image(self, index):
        raise NotImplementedError(index)


def config_of(**windows):
    config = base.base()
    config.model = base.model("intensity_i3d", input_px=32)
    config.task = base.task("affect")
    config.data.update(frames=9, hop=30)  # more than a window: for these networks, not every frame needs one
    config.data.train.rendered = base.data_set("rendered")
    config.data.windows.update(windows)
    return config


@pytest.fixture(autouse=True)
def smiles(monkeypatch):
    monkeypatch.setattr(window_levels, "open_training_source", lambda *_: Concatenated([Smile(), Smile()]))


def test_windows_are_counted_by_level_as_they_are_and_with_those_that_are_added(tmp_path):
    # Of each clip, the only regular window ends at frame 8, with the level 2. The first that can be added ends at
    # frame 9 (level 4), which makes one of two.
    text = window_levels.run_levels(config_of(transitions=0.5), tmp_path)
    assert "intensity_happy" in text and text.split()[-4:] == ["2", "2", "0.000", "0.500"]
    with open(tmp_path / "levels.csv", newline="") as file:
        rows = {int(row["level"]): (int(row["regular"]), int(row["added"])) for row in csv.DictReader(file)}
    assert rows == {level: (0, 0) for level in range(11)} | {2: (2, 0), 4: (0, 2)}
    assert np.ptp(images.imread(tmp_path / "levels.png")) > 0.5
    text = window_levels.run_levels(config_of(), tmp_path / "without")  # none are added
    assert text.split()[-4:] == ["2", "0", "0.000", "0.000"]


def test_a_config_without_clips_or_intensities_is_refused(tmp_path):
    config = config_of()
    config.data.update(frames=0, hop=0)
    with pytest.raises(UsageError, match=r"data.frames is 0, so this run has no windows"):
        window_levels.run_levels(config, tmp_path)
    config = config_of()
    config.model.emotions_rated = ("sad",)
    with pytest.raises(UsageError, match="no labels of an intensity that the network predicts"):
        window_levels.run_levels(config, tmp_path)
    config.model = base.model("clip")
    with pytest.raises(UsageError, match=r"data.hop is 30, but data.frames 9: the frames in between would be left out"):
        window_levels.run_levels(config, tmp_path)
