"""Where a face goes on, and where another one begins and networks with a memory start again."""

import films
import numpy as np
import pytest

from affect_jax.faces.face import Face
from affect_jax.predict.continuity import Continuity
from affect_jax.predict.estimate import estimate
from affect_jax.predict.sources import Frame, Video
from affect_jax.predict.tracking import Tracker
from affect_jax.types import Predictions

WIDTH, HEIGHT = 64, 48


def frames_of(images, fps=25.0, times=None, restarts=()):
    for index, image in enumerate(images):
        time = index / fps if times is None else times[index]
        yield Frame("made", index, time, image, restarts=index in restarts)


class Boxes:
    """Finds a face in the box of each call, or none; counts how often it forgets."""

    def __init__(self, boxes, others=None):
        self.boxes, self.others = list(boxes), others
        self.resets, self.finds = 0, 0
        self.place = -1

    def find(self, image):
        self.finds += 1
        number = int(image[0, 0, 0])  # the number of the frame stands in its corner
        box = self.boxes[number]
        if box is None:
            return None
        left, top, width, height = box
        landmarks = np.float32([[left, top], [left + width, top + height]] * 34)
        return Face(landmarks, tuple(map(float, box)), 0.9, np.zeros((478, 3), np.float32), others=self.others)

    def reset(self):
        self.resets += 1


def numbered(images):
    """Copies with the number of each frame in the corner."""
    images = [image.copy() for image in images]
    for number, image in enumerate(images):
        image[0, 0] = number
    return images


def memory_of_levels(clips):
    """A network whose values mix all frames of a window."""
    level = clips.mean((-3, -2, -1))
    mixed = 0.5 * level + 0.5 * level.mean(-1, keepdims=True)
    return Predictions(valence_arousal=np.stack([mixed, -mixed], -1))


def running_mean(faces: int):
    """A causal network that remembers all it has seen."""
    seen = []

    def step(images):
        seen.append(images[:, 0].mean((-3, -2, -1)))
        mean = np.mean(seen, 0)
        return Predictions(valence_arousal=np.stack([mixed := mean, -mixed], -1)[:, None])

    return step


@pytest.fixture(params=["windows", "stream"])
def network(request, make_predictor):
    """A clip network with a memory of both kinds."""
    if request.param == "windows":
        return make_predictor(function=memory_of_levels, frames=4)
    return make_predictor(frames=4, follower=running_mean)


def values(rows):
    return np.array([row.values["valence_arousal"] for row in rows])


def rows_of(network, frames):
    return [row for _, rows in estimate(network, frames, None, step_seconds=0.04) for row in rows]


def check_that_parts_are_alone(network, rows, images, starts):
    """The values of each part equal those of a recording of this part alone."""
    for start, stop in zip(starts, [*starts[1:], len(images)], strict=True):
        alone = rows_of(network, frames_of(images[start:stop]))
        np.testing.assert_allclose(values(rows[start:stop]), values(alone), atol=1e-6)


def test_a_cut_between_two_people_in_one_place_begins_a_new_face(network):
    images = [*films.textures(10, 0), *films.textures(9, 1)]
    rows = rows_of(network, frames_of(images))
    assert [row.face for row in rows] == [0] * 10 + [1] * 9
    check_that_parts_are_alone(network, rows, images, [0, 10])


def test_one_scene_is_one_face(network):
    rows = rows_of(network, frames_of(films.textures(30)))
    assert {row.face for row in rows} == {0}
    flat = [np.full((HEIGHT, WIDTH, 3), level, np.uint8) for level in (10, 200, 30, 90)]  # light, not another scene
    assert {row.face for row in rows_of(network, frames_of(flat))} == {0}


def numbers_of(images, finder):
    """The number of the face in each frame with one, as the tracker of the largest face gives it."""
    tracker = Tracker(finder, 0.04)
    found = []
    for frame in frames_of(images):
        face, _ = tracker.find(frame)
        if face is not None:
            found.append(tracker.number)
    return found


def test_a_box_that_jumps_is_another_face():
    images = numbered(films.textures(12))
    boxes = [(4, 4, 20, 20)] * 7 + [(40, 20, 20, 20)] * 5
    assert numbers_of(images, Boxes(boxes)) == [0] * 7 + [1] * 5


def test_a_box_that_moves_is_the_same_face():
    images = numbered(films.textures(12))
    boxes = [(4 + 2 * number, 4, 20, 20) for number in range(12)]
    assert numbers_of(images, Boxes(boxes)) == [0] * 12


def test_a_cut_is_searched_again():
    images = numbered([*films.textures(5, 0), *films.textures(5, 1)])
    finder = Boxes([(20, 10, 20, 20)] * 10)
    assert numbers_of(images, finder) == [0] * 5 + [1] * 5
    assert finder.finds == 11 and finder.resets == 2  # at the start and at the cut


def test_a_face_that_comes_back_at_once_is_the_same_and_elsewhere_another():
    images = numbered(films.textures(1) * 12)
    lost = [(20, 10, 20, 20)] * 4 + [None] * 4
    assert numbers_of(images, Boxes(lost + [(22, 10, 20, 20)] * 4)) == [0] * 8
    assert numbers_of(images, Boxes(lost + [(44, 26, 18, 18)] * 4)) == [0] * 4 + [1] * 4


def test_time_stamps_that_run_backwards_end_a_memory(network):
    images = films.textures(12)
    rows = rows_of(network, frames_of(images, restarts=(5,)))
    assert {row.face for row in rows} == {0}
    check_that_parts_are_alone(network, rows, images, [0, 5])


def test_a_jump_forward_ends_a_memory(network):
    images = films.textures(12)
    times = np.arange(12) / 25 + np.where(np.arange(12) >= 5, 0.6, 0)
    rows = rows_of(network, frames_of(images, times=times.tolist()))
    check_that_parts_are_alone(network, rows, images, [0, 5])


def test_a_slow_video_is_not_one_of_jumps(network):
    rows = [row for _, (row,) in estimate(network, frames_of(films.textures(8), fps=1.0), None, step_seconds=1.0)]
    whole = rows_of(network, frames_of(films.textures(8)))
    np.testing.assert_allclose(values(rows), values(whole), atol=1e-6)
    assert {row.face for row in rows} == {0}


def test_a_joined_recording_end_to_end(network, tmp_path):
    parts = [films.write(tmp_path / f"{number}.ts", films.textures(10, 0)) for number in range(2)]
    path = films.join(tmp_path / "joined.ts", *parts)
    with Video(path) as video:
        joined = list(estimate(network, video, None, keep_images=True, step_seconds=0.04))
    with Video(parts[1]) as video:
        alone = [row for _, (row,) in estimate(network, video, None, step_seconds=0.04)]
    np.testing.assert_allclose(values([row for _, (row,) in joined[10:]]), values(alone), atol=1e-6)


def test_nothing_ends_before_the_first_face():
    continuity = Continuity(0.04)
    (frame,) = frames_of(films.textures(1), restarts=(0,))
    assert not continuity.ends(frame) and not continuity.is_cut(frame)
    assert not continuity.follow(frame, None, False) and continuity.face == 0
