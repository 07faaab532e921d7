"""A network that rates intensities and nothing else, through all that the library and its tables offer."""

import csv

import numpy as np
import polars
import pytest

from affect_jax import plot, predict_images, predict_video, score
from affect_jax.experiment.library import Model
from affect_jax.ops.geometry import CropConfig
from affect_jax.predict.files import predict_file
from affect_jax.predict.options import Options
from affect_jax.predict.predictor import Predictor
from affect_jax.tables.export import Export
from affect_jax.types import Predictions

TENTHS = np.arange(40, 240, 20) / 255  # of the brightness of the film


def smile(images: np.ndarray) -> Predictions:
    """The heads of a regression: brightness, and half of the darkness."""
    level = images.mean((-3, -2, -1))[..., None]
    return Predictions(intensity_happy=level, intensity_sad=(1 - level) / 2)


@pytest.fixture
def smiling() -> Model:
    names = ("intensity_happy", "intensity_sad")
    return Model(Predictor(smile, 16, 4, None, names, "emonet_5", CropConfig(), name="smile@7"), "brightness", 0)


def test_a_table_has_the_columns_of_what_is_rated_and_no_others(smiling, film):
    table = predict_video(smiling, film, faces="whole_frame", progress=False)
    assert table.columns[-2:] == ["intensity_happy", "intensity_sad"]
    assert not {"valence", "expression", "intensity_anger"} & set(table.columns)
    np.testing.assert_allclose(table["intensity_happy"], 10 * TENTHS, atol=0.1)
    image = predict_images(smiling, np.full((16, 16, 3), 51, np.uint8), faces="whole_frame", progress=False)
    assert image["intensity_happy"].to_list() == pytest.approx([2.0]) and "labels" not in repr(smiling)
    assert smiling.emotions == ()


def test_it_is_plotted_on_its_own_scale(smiling, film):
    table = predict_video(smiling, film, faces="whole_frame", progress=False)
    happy, sad = plot(table).axes
    np.testing.assert_allclose(happy.lines[0].get_ydata(), table["intensity_happy"])
    np.testing.assert_allclose(sad.lines[0].get_ydata(), table["intensity_sad"])
    assert happy.get_ylim() == pytest.approx((-0.25, 10.25)) and sad.get_ylabel() == "sad intensity"
    with pytest.raises(ValueError, match="no column valence or arousal, and no intensity such as intensity_happy"):
        plot(table.drop("intensity_happy", "intensity_sad"))


def test_it_is_scored_against_labels_of_the_same_scale(smiling, film):
    table = predict_video(smiling, film, faces="whole_frame", progress=False)
    labels = polars.DataFrame({"frame": range(10), "intensity_happy": np.clip(10 * TENTHS + 1.5, 0, 10)})
    found = score(table, labels)
    error = np.abs(table["intensity_happy"].to_numpy() - labels["intensity_happy"].to_numpy())
    assert found["mae/intensity_happy"] == pytest.approx(error.mean(), abs=1e-6)
    assert found["within_2/intensity_happy"] == 1 and "mae/intensity_sad" not in found
    percent = labels.with_columns(polars.col("intensity_happy") * 10)
    with pytest.raises(
        ValueError, match=r"a label of intensity of 'happy' in \[0, 10\] is .*; expected 0 to 10: bring"
    ):
        score(table, percent)


def test_its_files_are_complete(smiling, film, tmp_path):
    options = Options(overlay=True, export=Export(format="parquet", layout="bids", participant="1", task="rest"))
    result = predict_file(smiling.predictor, film, tmp_path / "out", None, options)
    assert not result.problems
    names = {path.name for path in result.files}
    assert {"a film.parquet", "a film.png", "a film_overlay.mp4", "sub-1_task-rest_desc-affect_physio.json"} <= names
    table = polars.read_parquet(tmp_path / "out" / "a film.parquet")
    with (tmp_path / "out" / "summary_per_clip.csv").open() as file:
        (row,) = csv.DictReader(file)
    expected = {"mean": table["intensity_happy"].mean(), "sd": table["intensity_happy"].std()}
    for name, value in expected.items():
        assert float(row[f"intensity_happy_{name}"]) == pytest.approx(value, rel=1e-9)
    assert not [name for name in row if "valence" in name or "expression" in name]
