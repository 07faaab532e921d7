import collections
import dataclasses
import json

import grain
import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest
from records import no_labels

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.loader import evaluation_batches, training_batches
from affect_jax.data.order import Order, balanced_shares
from affect_jax.data.source import Concatenated, Table
from affect_jax.data.training_rows import Share
from affect_jax.data.windows import WindowConfig
from affect_jax.evaluate.run import evaluate
from affect_jax.ops.geometry import ANTIALIASED, CropConfig
from affect_jax.ops.image import unit_range, warp_image
from affect_jax.tasks.labels import get_label
from affect_jax.types import Label, Labels, Predictions, UnreadableImage

STILL = AugmentConfig(rotation_degrees=0.0, scale=0.0, shift=0.0, flip_probability=0.0, brightness=0.0, contrast=0.0,
                      saturation=0.0, tint=0.0)  # fmt: skip


class Faces:
    """Flat images: example i has brightness `first` + i, and noise when asked for."""

    label_set = "affectnet_8"

    def __init__(self, count, emotions=None, first=0, clip="", broken=(), noisy=False):
        labels = no_labels(count, 8)
        labels["valence_arousal"].value[:] = np.linspace(-1, 1, count)[:, None]
        labels["valence_arousal"].weight[:] = 1
        if emotions is not None:
            known = np.array(emotions) >= 0
            labels["emotion"].value[:], labels["emotion"].weight[:] = np.eye(8)[np.maximum(emotions, 0) % 8], known
        frames = np.arange(count, dtype=np.int64)
        names = [f"face {first + i}" for i in range(count)]
        self.examples = Table(names, [f"subject {first}"] * count, [clip] * count, frames, frames / 25, labels)
        self.first, self.broken, self.noisy = first, set(broken), noisy

    def image(self, index):
        if index in self.broken:
            raise UnreadableImage(f"faces.csv, row {index + 2}: image is truncated")
        if self.noisy:
            return np.random.default_rng(index).integers(0, 256, (12, 12, 3), dtype=np.uint8)
        return np.full((12, 12, 3), self.first + index, np.uint8)


def take(batches, count):
    taken = [next(batches) for _ in range(count)]
    batches.close()
    return taken


def same(a, b):
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(left, right)


def training(source, **options):
    settings = {"crop_px": 8, "batch": 4, "seed": 0, "augment": STILL} | options
    return training_batches(source, **settings)


def test_rows_carry_the_image_and_the_labels_of_their_index():
    source = Faces(10, emotions=range(10 - 2, -2, -1))
    for batch in take(training(source), 3):
        np.testing.assert_array_equal(batch.inputs.images[:, 0, 0, 0], batch.index)
        np.testing.assert_array_equal(
            batch.labels["valence_arousal"].value, source.examples.labels["valence_arousal"].value[batch.index]
        )
        np.testing.assert_array_equal(
            batch.labels["emotion"].weight, source.examples.labels["emotion"].weight[batch.index]
        )
        assert batch.weight.tolist() == [1] * 4 and batch.inputs.images.shape == (4, 8, 8, 3)
        assert batch.inputs.images.dtype == np.uint8 and batch.weight.dtype == np.float32


def test_each_epoch_is_a_different_permutation():
    order = np.concatenate([batch.index for batch in take(training(Faces(10)), 5)])  # two epochs of 10 in 5 batches
    assert sorted(order[:10]) == sorted(order[10:]) == list(range(10))
    assert order[:10].tolist() != order[10:].tolist()
    other = np.concatenate([batch.index for batch in take(training(Faces(10), seed=1), 5)])
    assert order.tolist() != other.tolist()


@pytest.mark.parametrize("threads", [1, 4])
def test_a_resumed_stream_is_bit_equal_whatever_the_threads(threads):
    source = Faces(9, noisy=True)
    whole = take(training(source, augment=AugmentConfig(), threads=2), 6)
    first = training(source, augment=AugmentConfig(), threads=threads)
    for expected in whole[:3]:
        same(next(first), expected)
    state = json.loads(json.dumps(first.get_state()))
    first.close()
    resumed = training(source, augment=AugmentConfig(), threads=threads)
    next(resumed)
    resumed.set_state(state)
    for expected in whole[3:]:
        same(next(resumed), expected)
    resumed.close()


def test_the_state_goes_through_orbax(tmp_path):
    source = Faces(9, noisy=True)
    batches = training(source, augment=AugmentConfig())
    next(batches)
    with ocp.Checkpointer(grain.checkpoint.CheckpointHandler()) as saver:
        saver.save(tmp_path / "data", args=grain.checkpoint.CheckpointSave(batches))
        expected = next(batches)
        restored = training(source, augment=AugmentConfig())
        saver.restore(tmp_path / "data", args=grain.checkpoint.CheckpointRestore(restored))
    same(next(restored), expected)
    batches.close()
    restored.close()


def test_the_same_example_is_cropped_differently_each_epoch():
    source = Faces(4, noisy=True)
    first, second = take(training(source, augment=AugmentConfig()), 2)
    images = [unit_range(batch.inputs.images)[np.argsort(batch.index)] for batch in (first, second)]
    assert (np.abs(images[0] - images[1]).mean((1, 2, 3)) > 0.02).all()


def test_balanced_draws_bring_every_emotion_equally_often():
    emotions = [0] * 60 + [1] * 30 + [3] * 6 + [-1] * 24  # 24 of 120 without an emotion keep their 20 %
    source = Faces(120, emotions=emotions)
    shares = balanced_shares(source.examples.labels, np.arange(120), 1.0)
    by_emotion = {e: shares[np.array(emotions) == e].sum() for e in (0, 1, 3, -1)}
    np.testing.assert_allclose([by_emotion[0], by_emotion[1], by_emotion[3], by_emotion[-1]], [0.8 / 3] * 3 + [0.2])
    half = balanced_shares(source.examples.labels, np.arange(120), 0.5)
    np.testing.assert_allclose(half[:60].sum() / half[60:90].sum(), np.sqrt(60 / 30))
    drawn = np.concatenate([batch.index for batch in take(training(source, balanced=True, batch=60), 20)])
    counts = collections.Counter(np.array(emotions)[drawn].tolist())
    np.testing.assert_allclose([counts[e] / 1200 for e in (0, 1, 3, -1)], [0.8 / 3] * 3 + [0.2], atol=0.04)


def test_a_part_of_a_mixture_without_emotions_is_drawn_as_it_comes():
    joined = Concatenated([Faces(6, emotions=[0, 0, 0, 0, 0, 1]), Faces(5, first=6)])
    index = np.concatenate([b.index for b in take(training(joined, balanced=True, mixture=(1.0, 1.0), batch=10), 60)])
    counts = np.bincount(index, minlength=11) / len(index)
    np.testing.assert_allclose(counts[5], 0.25, atol=0.04)  # half of the first part, which is half of all
    np.testing.assert_allclose(counts[6:], 0.1, atol=1e-9)


def test_mixup_blends_the_same_faces_after_a_resume():
    config = dataclasses.replace(STILL, mixup_alpha=0.5)
    whole = take(training(Faces(12, noisy=True), batch=4, augment=config), 5)
    again = training(Faces(12, noisy=True), batch=4, augment=config)
    take(again, 2)
    place = again.get_state()
    fresh = training(Faces(12, noisy=True), batch=4, augment=config)
    fresh.set_state(place)
    for one, two in zip(whole[2:], take(fresh, 3), strict=True):
        same(one, two)
    plain = take(training(Faces(12, noisy=True), batch=4), 1)[0]
    assert (plain.index == whole[0].index).all() and not np.array_equal(plain.inputs.images, whole[0].inputs.images)


def test_balanced_draws_need_emotions():
    with pytest.raises(ValueError, match="needs emotion labels, but the data has none"):
        training(Faces(5), balanced=True)
    with pytest.raises(ValueError, match=r"balanced is 2, expected 0 .* to 1"):
        training(Faces(5, emotions=range(5)), balanced=2.0)


def test_a_mixture_has_its_shares_in_every_batch():
    source = Concatenated([Faces(5), Faces(40, first=100)])
    for batch in take(training(source, mixture=(0.75, 0.25), batch=8), 10):
        assert (batch.index < 5).sum() == 6
        brightness = batch.inputs.images[:, 0, 0, 0]
        np.testing.assert_array_equal(brightness, np.where(batch.index < 5, batch.index, batch.index + 95))
    with pytest.raises(ValueError, match=r"mixture is \(1.0,\), expected one positive share for each of the 2"):
        training(source, mixture=(1.0,))


def test_streams_of_a_mixture_are_shuffled_independently():
    orders = [[Order(np.arange(20), 0, number)[i].indices.item() for i in range(20)] for number in (0, 1)]
    assert orders[0] != orders[1]


def test_clip_rows_hold_neighboring_frames_with_one_jitter():
    source = Faces(10, clip="clip")
    rotation_only = AugmentConfig(flip_probability=0.0)
    for batch in take(training(source, frames=3, hop=2, augment=rotation_only, batch=2), 3):
        assert batch.inputs.images.shape == (2, 3, 8, 8, 3) and batch.labels["valence_arousal"].value.shape == (2, 3, 2)
        np.testing.assert_array_equal(np.diff(batch.index), 1)
        # Flat images: which pixels are black border is the same in all frames of one row.
        inside = batch.inputs.images[..., 0].std((2, 3))
        assert inside.shape == (2, 3)
    noisy = Faces(3, clip="clip", noisy=True)
    noisy.image = lambda index: np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    (batch,) = take(training(noisy, frames=3, augment=AugmentConfig(), batch=2), 1)
    np.testing.assert_array_equal(batch.inputs.images[:, 0], batch.inputs.images[:, 2])  # one image, one jitter
    one, other = unit_range(batch.inputs.images[:, 0])
    assert np.abs(one - other).mean() > 0.02


@pytest.mark.parametrize("threads", [1, 3])
def test_varied_windows_are_resumed_bit_by_bit_and_labels_follow_their_frames(threads):
    joined = Concatenated([Faces(30, clip="a"), Faces(40, first=100, clip="b")])
    settings = {"frames": 4, "windows": WindowConfig(every=2, start_jitter=2, speed=1.5), "mixture": (0.5, 0.5)}
    whole = take(training(joined, **settings, threads=2), 30)
    batches = training(joined, **settings, threads=threads)
    for _ in range(4):
        next(batches)
    state = json.loads(json.dumps(batches.get_state()))
    batches.close()
    resumed = training(joined, **settings, threads=threads)
    resumed.set_state(state)
    for expected in whole[4:8]:
        same(next(resumed), expected)
    resumed.close()
    index = np.concatenate([batch.index for batch in whole])
    labels = np.concatenate([batch.labels["valence_arousal"].value for batch in whole])
    np.testing.assert_array_equal(labels, joined.examples.labels["valence_arousal"].value[index])
    clips = joined.examples.clips[index]
    assert (clips == clips[:, :1]).all() and len({tuple(row) for row in index.tolist()}) > 60
    assert {4, 9} <= set((index[:, -1] - index[:, 0]).tolist())  # 6 steps at speeds from 2/3 to 3/2


def test_evaluation_goes_through_all_examples_in_order_and_pads_with_weight_zero():
    batches = evaluation_batches(Faces(10, emotions=[2] * 10), crop_px=8, batch=4)
    for _ in range(2):  # can be iterated repeatedly
        rows = list(batches)
        assert len(rows) == len(batches) == 3
        assert np.concatenate([row.index for row in rows]).tolist() == [*range(10), -1, -1]
        assert np.concatenate([row.weight for row in rows]).tolist() == [1] * 10 + [0, 0]
        last = rows[-1]
        assert not last.inputs.images[2:].any() and not last.labels["emotion"].weight[2:].any()
        assert not last.labels["valence_arousal"].weight[2:].any()
    stopped = iter(batches)
    next(stopped)
    stopped.close()


def test_evaluation_of_clips_counts_each_frame_once_in_its_labels_too():
    batches = evaluation_batches(Faces(7, clip="clip"), crop_px=8, batch=2, frames=3)
    counted = np.zeros(7)
    for batch in batches:
        assert batch.inputs.images.shape == (2, 3, 8, 8, 3)
        np.testing.assert_array_equal(batch.weight, batch.labels["valence_arousal"].weight)
        np.add.at(counted, batch.index.ravel(), batch.weight.ravel())
    np.testing.assert_array_equal(counted, 1)


def test_an_unreadable_image_is_black_without_weight_and_listed(tmp_path):
    source = Faces(100, emotions=[1] * 100, broken=[7])
    path = tmp_path / "skipped.csv"
    for _ in range(2):
        batches = evaluation_batches(source, crop_px=8, batch=50, skipped_csv=str(path))
        batch = next(iter(batches))
        assert not batch.inputs.images[7].any() and batch.index[7] == 7
        assert batch.weight[7] == batch.labels["emotion"].weight[7] == batch.labels["valence_arousal"].weight[7] == 0
        assert batch.weight.sum() == 49
    assert path.read_text().splitlines() == ["path,row,reason", "face 7,7,image failed to load"]


def test_too_many_unreadable_images_stop_the_run():
    with pytest.raises(ValueError, match=r"[123] of 100 rows \(.*%\) are unusable: . x image failed to load"):
        list(evaluation_batches(Faces(100, broken=[3, 4, 5]), crop_px=8, batch=50))
    batches = training(Faces(10, broken=range(10)))
    with pytest.raises(ValueError, match="max_skipped_fraction"):
        next(batches)
    batches.close()


def test_an_empty_source_is_rejected():
    with pytest.raises(ValueError, match="the source is empty; is the split right"):
        training(Faces(0))
    with pytest.raises(ValueError, match="the source is empty; is the split right"):
        evaluation_batches(Faces(0), crop_px=8, batch=4)


@pytest.mark.parametrize("frames", [None, 3])
def test_the_evaluation_batches_of_several_processes_are_together_those_of_one(frames):
    source = Faces(10, clip="clip", noisy=True)
    of = lambda share: list(evaluation_batches(source, crop_px=8, batch=4, frames=frames, share=share))
    whole, parts = of(Share()), [of(Share(process, 2)) for process in range(2)]
    assert len(whole) == len(parts[0]) == len(parts[1])
    for batch, *shares in zip(whole, *parts, strict=True):
        same(batch, jax.tree.map(lambda *leaves: np.concatenate(leaves), *shares))
    with pytest.raises(ValueError, match="a batch of 4 is not divisible by 3 processes; change config.batch_size"):
        evaluation_batches(source, crop_px=8, batch=4, share=Share(0, 3))


class Smiles(Faces):
    """Intensities of two emotions: i / 2 of frame i, and 10 - i / 2."""

    def __init__(self, count, **options):
        super().__init__(count, clip="clip", **options)
        rising = np.arange(count, dtype=np.float32)[:, None] / 2
        weight = np.ones(count, np.float32)
        labels = Labels(intensity_happy=Label(rising, weight), intensity_sad=Label(10 - rising, weight.copy()))
        self.examples = self.examples.relabel(labels)


def squared_error(batch):
    """Of a network that says 3 for every frame of a window."""
    label, weight = get_label("intensity_happy", jax.tree.map(jnp.asarray, batch), (*batch.weight.shape, 1))
    return float((weight * (label[..., 0] - 3) ** 2).sum() / weight.sum())


def test_only_the_label_of_the_newest_frame_counts_in_training():
    settings = {"frames": 4, "hop": 4, "newest": True, "predicts": ("intensity_happy",)}
    source, corrupt = Smiles(20), Smiles(20)  # windows end with the frames 3, 7, 11, 15 and 19
    label = corrupt.examples.labels["intensity_happy"]
    label.value[np.arange(20) % 4 != 3] = 9
    for batch, other in zip(take(training(source, **settings), 4), take(training(corrupt, **settings), 4), strict=True):
        assert batch.weight.tolist() == [[0, 0, 0, 1]] * 4
        assert (batch.index[:, -1] % 4 == 3).all() and (np.diff(batch.index) == 1).all()
        np.testing.assert_array_equal(batch.inputs.images[..., 0, 0, 0], batch.index)  # inputs stay as they are
        expected = np.mean((batch.index[:, -1] / 2 - 3) ** 2)
        np.testing.assert_allclose([squared_error(batch), squared_error(other)], expected, rtol=1e-6)
    every_frame = training(source, frames=4, hop=4)
    assert next(every_frame).weight.tolist() == [[1] * 4] * 4
    every_frame.close()


def test_each_frame_is_evaluated_once_as_the_newest_and_read_about_once():
    source, read = Smiles(21), []
    image = source.image
    source.image = lambda index: read.append(index) or image(index)
    batches = evaluation_batches(source, crop_px=8, batch=7, frames=4, newest=True, threads=1)
    seen = np.concatenate([batch.index[batch.weight > 0] for batch in batches])
    assert seen.tolist() == list(range(21)) and len(read) == 21 + 2 * 3  # a batch begins with three frames of the last

    def brightness(batch):
        newest = batch.inputs.images[:, -1:, 0, 0, :1].astype(np.float32) / 20  # tenths of the label
        return Predictions(intensity_happy=np.broadcast_to(newest, (*batch.index.shape, 1)))

    scores = evaluate(brightness, ["intensity_happy"], batches, 8)
    assert scores["exact/intensity_happy"] == 1 and scores["mae/intensity_happy"] < 1e-5
    for every in (2, 5):
        batches = evaluation_batches(source, crop_px=8, batch=7, frames=4, newest=True, every=every, threads=1)
        seen = np.concatenate([batch.index[batch.weight > 0] for batch in batches])
        assert sorted(seen) == list(range(21))


def test_an_unreadable_frame_before_the_newest_takes_no_weight_from_it(tmp_path):
    source = Smiles(8, broken=[2])
    settings = {"frames": 4, "hop": 1, "newest": True, "max_skipped_fraction": 1.0}
    for batch in take(training(source, **settings), 4):
        np.testing.assert_array_equal(batch.weight[:, -1], 1 - (batch.index[:, -1] == 2))
        assert not batch.weight[:, :-1].any()


def test_one_box_surrounds_the_landmarks_of_all_frames_of_a_window():
    source = Faces(4, clip="clip", noisy=True)
    landmarks = source.examples.labels["landmarks"]
    landmarks.weight[:] = 1
    landmarks.value[:, :, :] = 2 + np.arange(68)[:, None] / 67  # from (2, 2) to (3, 3)
    landmarks.value[1] += (6, 0)  # to (9, 3)
    landmarks.value[2] += (0, 2)  # to (3, 5)
    landmarks.weight[3], landmarks.value[3] = 0, 99  # in the box of the others
    crop = CropConfig(side_ratio=2.0, one_box=True)
    # Width 7 and height 3 over all frames: a square of side 2 * 5 about (5.5, 3.5), which falls on the middle, 3.5.
    settings = {"frames": 4, "crop": crop, "threads": 1}
    (evaluated,) = evaluation_batches(source, crop_px=8, batch=1, **settings)
    (trained,) = take(training(source, batch=1, **settings), 1)
    for batch in (evaluated, trained):
        places = batch.labels["landmarks"].value[0, :3]
        expected = (landmarks.value[:3] - (5.5, 3.5)) * 0.8 + 3.5
        np.testing.assert_allclose(places, expected, atol=1e-5)
    matrix = np.array([[0.8, 0, 3.5 - 0.8 * 5.5], [0, 0.8, 3.5 - 0.8 * 3.5]])
    for place, image in enumerate(evaluated.inputs.images[0]):
        np.testing.assert_array_equal(image, warp_image(source.image(place), matrix, 8, ANTIALIASED))
    alone = evaluation_batches(source, crop_px=8, batch=1, **{**settings, "crop": CropConfig(side_ratio=2.0)})
    (batch,) = alone
    np.testing.assert_allclose(batch.labels["landmarks"].value[0, :3].mean(1), 3.5, atol=1e-5)  # each in the middle
