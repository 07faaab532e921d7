"""A network of the newest frame from its files on: predicted as it is evaluated, described when exported."""

import datetime

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.data.source import Table
from affect_jax.evaluate.collect import collect
from affect_jax.experiment import predictor as making
from affect_jax.experiment import restore
from affect_jax.experiment.config.claim import write_config
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.data import evaluation_batches
from affect_jax.experiment.export.sidecar import describe
from affect_jax.experiment.export.source import Source
from affect_jax.experiment.network import make_network
from affect_jax.experiment.plain_folder import write_weights
from affect_jax.experiment.predict import Finding, predict_run
from affect_jax.experiment.view import view
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.predict.estimate import estimate
from affect_jax.predict.live.analyzer import require_immediate
from affect_jax.predict.sources import Frame
from affect_jax.types import Label, Labels
from configs import base

FRAMES, COUNT, NAME = 9, 12, "intensity_sad"


class Clip:
    """A recording of noise that fades, without a cut: one face throughout."""

    label_set = "affectnet_8"
    noise = np.random.default_rng(0).uniform(-80, 80, (32, 32, 3))
    images = np.uint8(128 + noise * np.linspace(1, 0.3, COUNT)[:, None, None, None])

    def __init__(self):
        numbers = np.arange(COUNT)
        labels = Labels(intensity_sad=Label(np.zeros((COUNT, 1), np.float32), np.ones(COUNT, np.float32)))
        self.examples = Table(numbers.astype(str), ["a"] * COUNT, ["1"] * COUNT, numbers, numbers / 25, labels)

    def image(self, index):
        return self.images[index]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network") / "small"
    folder.mkdir()
    config = base.base()
    config.batch_size, config.label_set = 5, "affectnet_8"
    config.model = base.model("intensity_i3d", emotions_rated=("sad",), width=0.05, input_px=32)
    config.task = base.task("intensity")
    config.data.update(frames=FRAMES, hop=30)
    config.crop.one_box = True
    write_config(folder / "config.json", config)
    write_weights(folder, make_network(parse(config)).initial(jax.random.key(0)), 7)
    return folder


@pytest.mark.slow  # programs of many layers are compiled
def test_a_video_has_the_values_of_an_evaluation_of_the_same_frames(folder, tmp_path):
    run, network, variables, _ = restore.restore_run(folder)
    source = Clip()
    ready = CompiledNetwork(network)
    rows = collect(
        lambda batch: jax.device_get(ready(variables, jnp.asarray(batch.inputs.images / np.float32(255)))),
        evaluation_batches(run, source, tmp_path),
        source.examples,
        run.task.quantities,
        source.label_set,
        32,
    )
    assert list(rows.values) == [NAME] and len(rows.frame) == COUNT
    predictor = making.predictor(folder)
    assert predictor.newest and predictor.quantities == (NAME,)
    require_immediate(predictor)
    frames = [Frame("film", number, number / 25, image) for number, image in enumerate(source.images)]
    found = [row.values[NAME] for _, rows in estimate(predictor, frames, None, step_seconds=1 / 25) for row in rows]
    assert np.ptp(rows.values[NAME]) > 1e-3
    np.testing.assert_allclose(found, rows.values[NAME], atol=1e-4)


@pytest.mark.slow
def test_an_export_says_what_a_call_takes_and_gives(folder):
    content = describe(Source.restore(folder), datetime.date(2026, 1, 1))
    assert content["input"]["shape"] == ["batch", FRAMES, 32, 32, 3]
    assert "All frames of a call are cropped alike" in content["input"]["crop"]["rule"]
    assert [output["columns"] for output in content["outputs"]] == [[NAME]]
    assert "newest frame of a call, repeated for the others" in content["frames"]["order"]


def test_only_networks_of_landmarks_alone_have_nothing_to_report(tmp_path):
    config = base.base()
    trunk = {"input_px": 32, "widths": (4, 8, 8), "modules": 1, "depth": 2}
    config.model, config.task = base.model("landmarks", trunk=trunk), base.task("landmarks")
    run = parse(config)
    network = make_network(run)
    with pytest.raises(UsageError, match="holds a landmark network, which does not predict affect"):
        making.make_predictor(tmp_path, run, network, network.abstract, 0, (), "float32")


@pytest.mark.slow
def test_the_command_writes_what_is_rated_and_the_page_shows_it(folder, tmp_path, write_film):
    film = write_film(tmp_path / "film.mp4", range(40, 240, 20))
    assert predict_run(folder, film, tmp_path / "out", finding=Finding("whole_frame"), overlay=True)
    header, *rows = (tmp_path / "out" / "film.csv").read_text().splitlines()
    assert header.endswith(f",FaceScore,quality,{NAME}") and len(rows) == 10
    assert all(0 <= float(row.rpartition(",")[2]) <= 10 for row in rows)
    assert (tmp_path / "out" / "film_overlay.mp4").is_file() and (tmp_path / "out" / "film.png").is_file()
    (page,) = view(tmp_path / "out" / "film.csv", film)
    assert f'"column":"{NAME}"' in page.read_text(encoding="utf-8")
