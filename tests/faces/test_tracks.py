"""All faces of a frame and their numbers, on real photographs and videos."""

import itertools
import pathlib

import av
import cv2
import numpy as np
import pytest

from affect_jax.faces.face import overlap
from affect_jax.faces.looking import LOOK_SECONDS
from affect_jax.faces.scene import SAME_COLORS_QUICK, colors, common_part
from affect_jax.faces.tracks import LOST_SECONDS, FaceTracks

ROOT = pathlib.Path(__file__).parents[2]
STEP = 1 / 24
PLACES = [(260, 124), (362, 302), (477, 265), (581, 378), (737, 363)]  # of the faces in the photograph


@pytest.fixture(scope="module")
def tracks(landmarker_file):
    return FaceTracks(landmarker_file, step_seconds=STEP, blendshapes=True)


@pytest.fixture(scope="module")
def crossing():
    """What makes two people cross."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from benchmarks import crossing

        yield crossing


@pytest.fixture(scope="module")
def people(crossing, shared_data):
    return crossing.load_people(shared_data / "video", frames=60)


@pytest.fixture(scope="module")
def photograph(shared_data):
    """Five people."""
    return cv2.imread(str(shared_data / "video" / "multi_face.jpg"))[..., ::-1].copy()


def follow(tracks, images, start=0):
    return [tracks.find(image, place * STEP) for place, image in enumerate(images, start)]


def beside(first, second=None, gap_px=200):
    """The images of one person beside those of another one, or beside black."""
    for left, right in zip(first, first if second is None else second, strict=False):
        height, width = left.shape[:2]
        canvas = np.zeros((height, 2 * width + gap_px, 3), np.uint8)
        canvas[:, :width] = left
        if second is not None:
            canvas[: right.shape[0], width + gap_px : width + gap_px + right.shape[1]] = right
        yield canvas


def numbers(faces):
    return [face.number for face in faces]


def test_a_photograph_has_all_faces_from_left_to_right(tracks, photograph):
    for _ in range(2):  # numbers begin at 0 again
        tracks.reset()
        faces = tracks.find(photograph, 0.0)
        assert numbers(faces) == [0, 1, 2, 3, 4]
        np.testing.assert_allclose([face.middle for face in faces], PLACES, atol=15)
    assert all(0 < face.quality < 1 and face.blendshapes.shape == (52,) for face in faces)


@pytest.mark.parametrize("front", [0, 1])
def test_people_who_cross_keep_their_numbers(tracks, crossing, people, front):
    tracks.reset()
    film = crossing.Crossing(2.5, front)
    found = follow(tracks, film(people))
    assert numbers(found[0]) == [0, 1]
    assert {number for faces in found for number in numbers(faces)} == {0, 1}
    first, second = found[-1]
    assert first.middle[0] > film.width * 0.75 > film.width * 0.25 > second.middle[0]
    in_front = [faces for faces in found if front in numbers(faces)]
    assert len(in_front) == len(found)
    hidden = [place for place, faces in enumerate(found) if len(faces) < 2]
    assert 5 < len(hidden) < 20 and hidden[-1] - hidden[0] < 20  # behind the other one, and only there
    for faces in found:  # never two on one face
        assert all(overlap(one.box, other.box) < 0.6 for one, other in itertools.combinations(faces, 2))


def test_a_cut_begins_new_numbers(tracks, people):
    tracks.reset()
    woman, man = people
    woman = [cv2.resize(image, man[0].shape[1::-1]) for image in woman]
    found = follow(tracks, [*woman[:4], *man[:4]])
    assert [numbers(faces) for faces in found] == [[0]] * 4 + [[1]] * 4


def test_a_cut_of_one_part_of_the_image_leaves_the_other_face_alone(tracks, people):
    tracks.reset()
    woman, man = people
    found = follow(tracks, [*beside(woman[:4], man[:4]), *beside(woman[4:8], woman[30:34])])
    assert [numbers(faces) for faces in found] == [[0, 1]] * 4 + [[0, 2]] * 4


def test_a_short_gap_keeps_the_number_and_a_long_one_does_not(tracks, people):
    tracks.reset()
    woman = np.pad(people[0][3], ((75, 75), (300, 300), (0, 0)))
    left, top, width, height = tracks.find(woman, 0.0)[0].box
    hidden = woman.copy()
    hidden[int(top) : int(top + height), int(left) : int(left + width)] = 60  # something held before the face
    tracks.reset()
    assert numbers(tracks.find(woman, 0.0)) == [0]
    assert [tracks.find(hidden, place * STEP) for place in (1, 2, 3)] == [[]] * 3
    assert numbers(tracks.find(woman, 4 * STEP)) == [0]
    assert tracks.find(hidden, 5 * STEP) == [] == tracks.find(hidden, LOST_SECONDS + 5 * STEP)
    assert numbers(tracks.find(woman, LOST_SECONDS + 6 * STEP)) == [1]


def test_a_gap_in_which_the_colors_of_the_image_change_keeps_the_number(tracks, people):
    """As where a light goes on while a face is blurred."""
    tracks.reset()
    woman = people[0][3]
    left, top, width, height = (int(side) for side in tracks.find(woman, 0.0)[0].box)
    hidden = np.clip(woman.astype(int) + 40, 0, 255).astype(np.uint8)
    face = (slice(top, top + height), slice(left, left + width))
    hidden[face] = cv2.GaussianBlur(hidden, (0, 0), width / 6)[face]
    assert common_part(colors(woman), colors(hidden)) < SAME_COLORS_QUICK
    tracks.reset()
    assert numbers(tracks.find(woman, 0.0)) == [0]
    assert [tracks.find(hidden, place * STEP) for place in (1, 2, 3)] == [[]] * 3
    assert numbers(tracks.find(woman, 4 * STEP)) == [0]


def test_another_face_after_a_gap_is_another_one(tracks, people):
    tracks.reset()
    woman, man = (np.pad(images[3], ((75, 75), (300, 300), (0, 0))) for images in people)
    assert numbers(tracks.find(woman, 0.0)) == [0]
    assert tracks.find(np.zeros_like(woman), STEP) == []
    assert numbers(tracks.find(man, 4 * STEP)) == [1]


def test_a_new_face_is_found_soon(tracks, people):
    tracks.reset()
    woman, man = people
    found = follow(tracks, [*beside(woman[:3]), *beside(woman[3:12], man[3:12])])
    first = next(place for place, faces in enumerate(found) if len(faces) == 2)
    assert 3 <= first <= 3 + LOOK_SECONDS / STEP + 1
    assert numbers(found[-1]) == [0, 1]


def test_a_face_is_the_same_whether_another_one_is_there_or_not(tracks, people):
    landmarks = []
    for other in (None, people[1][:8]):
        tracks.reset()
        found = follow(tracks, beside(people[0][:8], other))
        assert len(found[0]) == (1 if other is None else 2)
        landmarks.append([faces[0].landmarks for faces in found])
    np.testing.assert_allclose(*landmarks, atol=1e-6)


def test_a_clock_that_runs_backwards_does_not_end_a_face(tracks, people):
    tracks.reset()
    woman = people[0]
    follow(tracks, woman[:4], start=100)
    assert numbers(tracks.find(woman[4], 0.0, restarts=True)) == [0]
    assert numbers(tracks.find(woman[5], STEP)) == [0]


@pytest.mark.parametrize("degrees", [cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE])
def test_turned_faces_are_found(tracks, people, degrees):
    tracks.reset()
    (upright,) = tracks.find(people[0][0], 0.0)
    tracks.reset()
    (turned,) = tracks.find(np.ascontiguousarray(cv2.rotate(people[0][0], degrees)), 0.0)
    assert turned.size_px == pytest.approx(upright.size_px, rel=0.1)
    assert turned.quality < upright.quality


def test_a_recording_without_faces_is_searched_thoroughly_less_and_less_often(landmarker_file, shared_data):
    tracks = FaceTracks(landmarker_file, step_seconds=STEP)
    regions = []
    detector = tracks._landmarker._detector
    tracks._landmarker._detector = lambda image, region: regions.append(region) or detector(image, region)
    with av.open(str(shared_data / "video" / "no_face.mp4")) as container:
        image = next(container.decode(video=0)).to_ndarray(format="rgb24")
    runs = []
    for place in range(40):
        assert tracks.find(image, place * STEP) == []
        runs.append(len(regions))
        regions.clear()
    thorough = [place for place, count in enumerate(runs) if count > 2]
    assert min(runs) == 2  # the whole image, and with borders
    assert thorough == [0, 1, 3, 7, 15, 31]  # waits of 1, 2, 4, ... frames
