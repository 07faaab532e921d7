"""Adapters in the rows of a recording: computed by hand, for the right face, and for nobody else."""

import dataclasses

import numpy as np
import pytest
from adapted import cast_of, featured, oracle, person
from networks_over_time import NETWORKS
from squares import PLACES, Squares, frames_of, rows_of

from affect_jax.ops.geometry import CropConfig
from affect_jax.predict.estimate import estimate
from affect_jax.predict.persons import Person
from affect_jax.types import Predictions

PEOPLE = {"anna": person("anna", 1), "ben": person("ben", 2)}
WHO = {1: "anna", 2: "ben"}  # faces 0 and 3 are nobody's
FACES = [(0, 1, 2, 3), (0, 1), (1, 2), (), (1,), (0, 1, 2), (2,), (0, 1, 2, 3)] * 2


def gray(images):
    level = images.mean((-3, -2, -1))
    return Predictions(valence_arousal=np.stack([level, -level], -1))


@pytest.fixture(params=NETWORKS)
def network(request, make_predictor):
    fields = {"function": gray, **NETWORKS[request.param]}
    return make_predictor(crop=CropConfig(0.5), featured=featured(fields, gray), **fields)


def adapted_rows(network, people, faces=FACES):
    cast = cast_of(people, WHO)
    found = estimate(network, frames_of(len(faces)), Squares(faces), step_seconds=0.04, cast=cast)
    return [row for _, rows in found for row in rows]


def test_each_face_has_the_values_of_its_own_adapter_and_the_others_keep_their_bits(network):
    plain, rows = rows_of(network, FACES), adapted_rows(network, PEOPLE)
    assert len(plain) == len(rows)
    seen = set()
    for before, row in zip(plain, rows, strict=True):
        if row.face not in WHO:
            assert row.person is None
            if row.values is not None:
                np.testing.assert_array_equal(row.values["valence_arousal"], before.values["valence_arousal"])
            continue
        seen.add(row.person.name)
        expected = oracle(PEOPLE[WHO[row.face]].adapter, before.values["valence_arousal"])
        np.testing.assert_allclose(row.values["valence_arousal"], expected, atol=2e-6)
        assert np.abs(expected - before.values["valence_arousal"]).max() > 1e-2
    assert seen == {"anna", "ben"}


def test_a_person_without_a_correction_keeps_the_bits(network):
    nothing = {name: Person(name, None, "0" * 64) for name in PEOPLE}
    for before, row in zip(rows_of(network, FACES), adapted_rows(network, nothing), strict=True):
        assert (row.person is not None) == (row.face in WHO)
        if row.values is not None:
            np.testing.assert_array_equal(row.values["valence_arousal"], before.values["valence_arousal"])


@pytest.mark.parametrize("name", ["static", "windows", "stream"])
def test_the_adapter_is_applied_to_the_image_and_to_its_mirror_image_before_they_are_averaged(make_predictor, name):
    def left(images):
        level = images[..., : images.shape[-2] // 2, :].mean((-3, -2, -1))
        return Predictions(valence_arousal=np.stack([3 * level - 1, 1 - level], -1))

    def follow(faces):
        return lambda images: Predictions(valence_arousal=left(images)["valence_arousal"])

    fields = {"function": left, "frames": None if name == "static" else 4}
    fields |= {"follower": follow} if name == "stream" else {}
    fields["flip_averaged"] = ("valence_arousal",)
    network = make_predictor(crop=CropConfig(0.5), featured=featured(fields, left), **fields)
    for row in adapted_rows(network, PEOPLE):
        if row.person is None:
            continue
        crop = row.crop.astype(np.float32) / np.float32(255)
        both = [left(image)["valence_arousal"] for image in (crop, crop[:, ::-1])]
        adapted = [oracle(row.person.adapter, output) for output in both]
        expected = np.clip((adapted[0] + adapted[1]) / 2, -1, 1)
        np.testing.assert_allclose(row.values["valence_arousal"], expected, atol=3e-6)


def test_values_are_clipped_behind_the_adapter(make_predictor):
    network = make_predictor(function=gray, crop=CropConfig(0.5), featured=featured({}, gray))
    adapter = PEOPLE["anna"].adapter
    large = dataclasses.replace(PEOPLE["anna"], adapter=dataclasses.replace(adapter, bias=np.float32([5, -5])))
    for row in adapted_rows(network, {"anna": large, "ben": large}):
        if row.person is not None:
            np.testing.assert_array_equal(row.values["valence_arousal"], [1, -1])


def test_the_network_runs_twice_only_where_a_batch_holds_faces_with_and_without_adapters(make_predictor):
    calls = []
    count = lambda name, function: lambda images: calls.append(name) or function(images)
    made = featured({}, gray)
    network = make_predictor(
        function=count("plain", gray),
        crop=CropConfig(0.5),
        featured=dataclasses.replace(made, function=count("featured", made.function)),
    )
    adapted_rows(network, PEOPLE, [(0, 3)] * 2 + [(1, 2)] * 2 + [(0, 1)] * 2)  # three batches of four
    assert calls == ["plain", "featured", "featured", "plain"]


def test_without_persons_the_network_with_features_never_runs(make_predictor):
    network = make_predictor(function=gray, crop=CropConfig(0.5), featured=featured({"function": None}, None))
    assert len(rows_of(network, [tuple(PLACES)] * 3)) == 12
