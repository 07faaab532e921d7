"""A prediction that is stopped, and one with many problems."""

import dataclasses
import inspect
import os
import pathlib
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import small_networks
from adapted import make_adapter

from affect_jax.experiment import predict
from affect_jax.experiment import predictor as predictors
from affect_jax.experiment.config.errors import UsageError
from affect_jax.nn.network import names
from affect_jax.ops.geometry import CropConfig
from affect_jax.personal.digest import network_digest
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.result import Result, Stopped
from affect_jax.tables.export import Export


class Network:
    name = "w@1"
    featured = None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_noted_and_a_second_one_interrupts(number):
    before = signal.getsignal(number)
    with predict._signals() as signals:
        assert not signals.stopping()
        os.kill(os.getpid(), number)
        assert signals.stopping()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_a_prediction_that_a_signal_stops_says_so(monkeypatch, tmp_path):
    def stop(*_):
        raise Stopped("film.mp4: stopped behind 7 frames")

    monkeypatch.setattr(predict, "predictor", lambda *_: Network)
    monkeypatch.setattr(predict, "predict_file", stop)
    finding = predict.Finding("whole_frame")
    assert predict.predict_run(tmp_path, tmp_path, tmp_path / "o", finding=finding) is False


def test_the_identity_of_a_checkpoint_changes_with_its_files(tmp_path):
    place = tmp_path / "checkpoints" / "7"
    place.mkdir(parents=True)
    (tmp_path / "config.json").write_text("{}")
    before = predict._identify(tmp_path, "w@7")
    assert predict._identify(tmp_path, "w@7") == before and predict._identify(tmp_path, "w@8") != before
    (place / "weights").write_text("1")
    with_weights = predict._identify(tmp_path, "w@7")
    assert with_weights != before
    (tmp_path / "weights.safetensors").write_text("1")  # of a plain folder
    assert predict._identify(tmp_path, "w@7") not in (before, with_weights)


@pytest.mark.parametrize("name", ["static", "clip", "causal"])
@pytest.mark.parametrize("flip", [(), ("valence_arousal",)])
def test_an_adapter_on_a_network_equals_float64_in_batches_in_windows_and_in_a_stream(name, flip):
    network, variables, contract = small_networks.made(name)
    frames = 5 if contract.over_time else None
    function = predictors._function(network, variables, "float32")
    plain = Predictor(
        function, 32, 4, frames, ("valence_arousal", "emotion"), "affectnet_8", CropConfig(), flip, f"{name}@1"
    )
    adapted = predictors.with_adapters(plain, pathlib.Path("W"), contract, network, variables, "float32")
    adapter = make_adapter(1, contract.features)
    crops = np.random.default_rng(0).uniform(size=(5, 32, 32, 3)).astype(np.float32)
    batch = crops[None] if contract.over_time else crops
    found = adapted.values(batch, [adapter] * 5)["valence_arousal"]
    np.testing.assert_allclose(found, expected_of(adapted, batch, adapter, flip), atol=2e-5)
    if not contract.over_time:
        mixed = adapted.values(batch, [adapter, None, None, adapter, None])
        for entry, base in plain.values(batch).items():
            np.testing.assert_array_equal(mixed[entry][[1, 2, 4]], base[[1, 2, 4]], err_msg=entry)
        np.testing.assert_array_equal(mixed["valence_arousal"][[0, 3]], found[[0, 3]])
    if contract.causal:
        step = adapted.following(adapter)
        np.testing.assert_allclose([step(crop)["valence_arousal"] for crop in crops], found[0], atol=2e-5)
    assert adapted.featured.network_sha256 == network_digest(names(variables))


def expected_of(predictor, batch, adapter, flip):
    """Raw outputs, the adapter in float64, the mirror average, the clip."""
    sides = []
    for images in [batch, batch[..., ::-1, :]][: 1 + len(flip)]:
        raw = predictor.featured.function(np.ascontiguousarray(images))
        output, features = (np.asarray(raw[entry], np.float64) for entry in ("valence_arousal", "features"))
        sides.append(output * (1 + adapter.scale) + features @ adapter.weights.astype(np.float64) + adapter.bias)
    return np.clip(np.mean(sides, 0), -1, 1)


def test_a_network_without_features_takes_no_adapter():
    network, variables, contract = small_networks.made("static")
    without = dataclasses.replace(contract, features=0)
    with pytest.raises(UsageError, match="W holds a network without pooled features, to which no adapter can be"):
        made = Predictor(lambda images: None, 32, 4, None, (), "affectnet_8", CropConfig())
        predictors.with_adapters(made, pathlib.Path("W"), without, network, variables, "float32")


def test_many_problems_are_not_one_endless_line(monkeypatch, tmp_path):
    result = Result(frames=3, problems=[f"{number}.png is broken" for number in range(25)])
    monkeypatch.setattr(predict, "predictor", lambda *_: Network)
    monkeypatch.setattr(predict, "predict_file", lambda *_: result)
    with pytest.raises(ValueError, match=r"^0.png is broken; .*9.png is broken; and 15 more problems, see above$"):
        predict.predict_run(tmp_path, tmp_path, pathlib.Path("o"), finding=predict.Finding("whole_frame"))


def test_tables_that_cannot_be_made_of_the_input_are_wrong_usage(monkeypatch, tmp_path):
    def check(*_):
        Export(layout="bids").check(["film.mp4"], [], (), ())

    monkeypatch.setattr(predict, "predictor", lambda *_: Network)
    monkeypatch.setattr(predict, "predict_file", check)
    with pytest.raises(UsageError, match=r"film.mp4: the layout of BIDS needs the label of its participant and task"):
        predict.predict_run(tmp_path, tmp_path, tmp_path / "o", finding=predict.Finding("whole_frame"))


def test_groups_of_columns_need_found_faces():
    with pytest.raises(UsageError, match=r"--include=landmarks needs found faces; drop --faces=whole_frame"):
        predict.Finding("whole_frame", include=("landmarks",))
    with pytest.raises(
        UsageError, match=r"--include: unknown group of columns 'eyes'; choose from landmarks, blendshapes"
    ):
        predict.Finding(include=("eyes",))


def test_the_frame_rate_of_training_is_known_if_all_sets_name_one():
    data = lambda *readers: SimpleNamespace(train={str(place): reader for place, reader in enumerate(readers)})
    fps = lambda rate: SimpleNamespace(fps=rate)
    rate_of = inspect.unwrap(predictors.trained_fps)
    assert rate_of(data(fps(12.5))) == rate_of(data(fps(12.5), fps(12.5))) == 12.5
    assert rate_of(data(fps(25.0), fps(30.0))) is None and rate_of(data(fps(0.0))) is None
    assert rate_of(data(SimpleNamespace())) is None
