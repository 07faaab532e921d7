"""Recordings with tables of action units: labels against a closed form, and what is said about bad input."""

import numpy as np
import pytest

from affect_jax.data.readers.action_units import ActionUnitsConfig, action_units
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.render.affect import ACTION_UNITS, UNIT
from affect_jax.emotions import EMOTION_UNITS
from affect_jax.files.video_writing import write_video
from affect_jax.tables.groups import BLENDSHAPES
from affect_jax.tables.schema import Schema
from affect_jax.tables.writing import RowWriter

FPS, FRAMES = 25.0, 40
CLIPS = RenderedConfig(
    kind="clips",
    subjects=2,
    per_subject=2,
    frames=FRAMES,
    fps=FPS,
    size_px=32,
    rest_seconds=0.7,
    seed=3,
    intensities=tuple(EMOTION_UNITS),
)
PEOPLE = ("anna", "ben")


def write_table(path, units, fps=FPS, first=1, **columns):
    """A table of OpenFace 2 with units in [0, 1], or their columns."""
    columns = columns or {f"AU{unit:02d}_r": 5 * units[:, UNIT[unit]] for unit in ACTION_UNITS}
    rows = len(next(iter(columns.values())))
    lines = ["frame, timestamp, success, " + ", ".join(columns)]
    for row in range(rows):
        values = ", ".join(f"{values[row]:.9g}" for values in columns.values())
        lines.append(f"{row + first}, {row / fps:.6f}, 1, {values}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def truth():
    return rendered(CLIPS)


@pytest.fixture(scope="module")
def imitation(truth, tmp_path_factory):
    """A video of a rendered face at five frames a second, gray ones of others, and true units as OpenFace has them."""
    root = tmp_path_factory.mktemp("units")
    for person, name in enumerate(PEOPLE):
        for clip in range(2):
            start = (2 * person + clip) * FRAMES
            rows = range(start, start + FRAMES)
            video = root / "videos" / name / f"clip{clip}.mp4"
            video.parent.mkdir(parents=True, exist_ok=True)
            gray = np.full((32, 32, 3), 100, np.uint8)
            shown = {row: gray if start else truth.image(row) for row in rows[::5]}
            write_video(video, (shown[row - row % 5] for row in rows), FPS)
            units = np.stack([truth.action_units(row) for row in rows])
            write_table(root / "units" / name / f"clip{clip}.csv", units)
    return root


def load(root, **options):
    return action_units(ActionUnitsConfig(str(root), **options))


def test_labels_are_those_of_rendered_truth(truth, imitation, caplog):
    source = load(imitation)
    assert len(source.examples) == 4 * FRAMES
    for emotion in EMOTION_UNITS:
        expected = [example.labels[f"intensity_{emotion}"] for example in truth.examples]
        label = source.examples.labels[f"intensity_{emotion}"]
        np.testing.assert_allclose(label.value, [each.value for each in expected], atol=1e-5)
        np.testing.assert_array_equal(label.weight, [each.weight for each in expected])
    assert source.examples.labels["intensity_happy"].weight.any()
    example = source.examples[FRAMES + 7]
    assert (example.name, example.subject, example.clip) == ("anna/clip1/00007", "anna", "anna/clip1")
    assert example.time_seconds == pytest.approx(7 / FPS)
    assert np.abs(source.image(7).astype(int) - truth.image(5)).mean() < 6
    assert "neutral" not in caplog.text


def test_people_can_be_chosen_and_share_no_config(imitation):
    assert set(load(imitation, subjects=("ben",), intensities=("sad",)).examples.subjects) == {"ben"}
    of = lambda *subjects: ActionUnitsConfig("x", subjects=subjects)
    assert not of("anna").shares_subjects(of("ben")) and of("anna").shares_subjects(of("ben", "anna"))
    assert of().shares_subjects(of("ben"))
    with pytest.raises(FileNotFoundError, match="has no tables of carl; it has those of anna, ben"):
        load(imitation, subjects=("ben", "carl"))


def test_running_maxima_use_no_later_frame(imitation):
    whole, causal = (load(imitation, intensities=("happy",), causal=each) for each in (False, True))
    label, live = (source.examples.labels["intensity_happy"] for source in (whole, causal))
    known = live.weight > 0
    assert 0 < known.sum() < (label.weight > 0).sum()
    assert (live.value[known] >= label.value[known] - 1e-4).all()
    strongest = known & (live.value[:, 0] > label.value[:, 0] + 0.1)
    assert strongest.any()


SMILE = {"AU06_r": [0.0, 1.0, 2.0, 4.0], "AU12_r": [0.0, 4.0, 1.0, 2.0]}  # maxima 4 and 4: 0, 6.25, 3.75, 7.5
HAPPY = [0, 6.25, 3.75, 7.5]


def smile(write_film, root, name="anna/one", rate=25, frames=4, fps=FPS, first=1, **columns):
    write_film(root / "videos" / f"{name}.mp4", range(frames), rate=rate)
    write_table(root / "units" / f"{name}.csv", None, fps, first, **(columns or SMILE))
    return root


def happy(root, **options):
    return load(root, intensities=("happy",), **options)


def test_a_person_is_a_folder_or_a_file(write_film, tmp_path):
    smile(write_film, tmp_path)
    smile(write_film, tmp_path, "carl", AU06_r=[1.0, 2, 0, 0], AU12_r=[2.0, 2, 0, 0])
    source = happy(tmp_path)
    assert list(source.examples.subjects) == ["anna"] * 4 + ["carl"] * 4
    np.testing.assert_allclose(source.examples.labels["intensity_happy"].value[:, 0], [*HAPPY, 7.5, 10, 0, 0])


def test_rows_between_frames_are_interpolated(write_film, tmp_path, caplog):
    columns = {"AU06_r": np.linspace(0, 5, 101), "AU12_r": np.linspace(0, 5, 101)}
    smile(write_film, tmp_path, frames=50, rate=25, fps=40.0, **columns)
    source = happy(tmp_path)
    times = np.arange(50) / 25
    np.testing.assert_allclose(source.examples.labels["intensity_happy"].value[:, 0], times / 2.5 * 10, atol=1e-4)
    assert (
        "1 (first units/anna/one.csv): 40 rows a second for 25 frames a second: intensities are interpo" in caplog.text
    )


def test_a_table_with_another_frame_rate_for_the_same_frames(write_film, tmp_path, caplog):
    smile(write_film, tmp_path, fps=50.0)
    np.testing.assert_allclose(happy(tmp_path).examples.labels["intensity_happy"].value[:, 0], HAPPY)
    assert "recording anna/one: the time stamps of the table span 0.06 s and those of the same frames" in caplog.text
    assert "It has a row for every frame: times are those of the frames" in caplog.text


def test_short_and_never_neutral_recordings_are_named(write_film, tmp_path, caplog):
    smile(write_film, tmp_path, AU06_r=[1.0, 1, 2, 4], AU12_r=[1.0, 4, 1, 2])
    happy(tmp_path)
    assert "recording anna/one: it has 4 frames, fewer than the 16 of a window for intensity" in caplog.text
    assert f"{tmp_path}: 1 of 1 people (anna) have no neutral frame, with all intensities below 1" in caplog.text
    assert "units/anna/one.csv): no columns of AU1, AU2, AU4, AU5, AU7, AU9, AU15, AU20" in caplog.text


def test_people_who_never_move_a_unit_and_units_that_programs_lack_are_named(write_film, tmp_path, caplog):
    columns = {f"AU{unit:02d}_r": [0.0, 1, 2, 3] for unit in (1, 2, 4, 5, 7, 9, 12, 15, 20, 23, 26)}
    smile(write_film, tmp_path, **columns, AU06_r=[0.0, 0.1, 0, 0])
    source = load(tmp_path)
    assert not source.examples.labels["intensity_happy"].weight.any()
    np.testing.assert_allclose(source.examples.labels["intensity_disgust"].value[:, 0], [0, 10 / 3, 20 / 3, 10])
    assert "'happy' is unknown for 1 of 1 people (anna), who never move its AU6" in caplog.text
    assert "'disgust' is the mean of AU9, AU15 for 1 of 1 people (anna), whose tables lack AU16" in caplog.text
    assert "no columns of" not in caplog.text


def write_rig(path, rows, prefix="Timecode", columns=("CheekSquintLeft", "CheekSquintRight"), other="MouthSmile"):
    names = (prefix, *columns, f"{other}Left", f"{other}Right")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n")


def test_a_table_of_live_link_face(write_film, tmp_path):
    write_film(tmp_path / "videos/anna/one.mp4", range(4), rate=30)
    rows = [(f"14:03:52:{2 * frame:02d}.000", 0.1 * frame, 0, 0.2 * frame, 0.1 * frame) for frame in range(4)]
    write_rig(tmp_path / "units/anna/one.csv", rows)
    label = happy(tmp_path).examples.labels["intensity_happy"]
    np.testing.assert_allclose(label.value[:, 0], [0, 10 / 3, 20 / 3, 10], atol=1e-4)


def _smile_by_name(name, amount):
    return amount if name.startswith("cheekSquint") else amount / 2 if name.startswith("mouthSmile") else 0.1


def test_blendshapes_of_a_prediction_of_the_face_that_is_chosen(write_film, tmp_path, caplog):
    write_film(tmp_path / "videos/anna/one.mp4", range(4))
    schema = Schema("clip@9", "c", 64, "affectnet_8", ("valence_arousal",), boxes=True, include=("blendshapes",))
    writer = RowWriter(tmp_path / "units/anna/one.csv", schema)
    for frame, amount in enumerate((0.0, 0.5, None, 1.0)):
        keys = {"source": "one.mp4", "frame": frame, "face": 0, "time_seconds": frame / 25}
        if amount is None:
            writer.write(keys, None)
            continue
        for face, shown in enumerate((amount, 1.0) if frame == 1 else (amount,)):
            weights = [_smile_by_name(name, shown) for name in BLENDSHAPES]
            affect = {"valence_arousal": np.zeros(2, np.float32)}
            writer.write({**keys, "face": face}, affect, (0.0, 0.0, 32.0, 32.0, 1.0), blendshapes=np.array(weights))
    writer.close()
    label = happy(tmp_path, face=0).examples.labels["intensity_happy"]
    np.testing.assert_allclose(label.value[:, 0], [0, 5, 0, 10], atol=1e-5)
    np.testing.assert_array_equal(label.weight, [1, 1, 0, 1])
    assert "never shows AU6 (cheekSquint) or AU9 (noseSneer), which are left out" in caplog.text
    assert caplog.text.count("left out") == 1
    with pytest.raises(ValueError, match=r"one.csv has the faces 0, 1; choose one"):
        happy(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_text("frame,valence\n1,0.2\n"), r"one.csv, row 1: no action units; expected"),
        (lambda path: path.write_text(path.read_text().replace("0.040000", "soon")), "row 3: timestamp is 'soon'"),
        (lambda path: path.write_text(path.read_text().replace(", 1, ", ", 0, ")), "no row has a face"),
        (lambda path: path.rename(path.with_name("two.csv")), r"none of the 1 recordings .*videos/anna/two.mp4"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(write_film, tmp_path, damage, message):
    smile(write_film, tmp_path)
    damage(tmp_path / "units/anna/one.csv")
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        happy(tmp_path)
    smile(write_film, tmp_path, "ben/one")
    skipped = tmp_path / "skipped.csv"
    source = happy(tmp_path, max_skipped_fraction=0.5, skipped_csv=str(skipped))
    assert set(source.examples.subjects) == {"ben"} and "units/anna" in skipped.read_text()


def test_recordings_of_one_person_by_different_programs_are_refused(write_film, tmp_path):
    smile(write_film, tmp_path)
    write_film(tmp_path / "videos/anna/two.mp4", range(4))
    write_rig(tmp_path / "units/anna/two.csv", [(frame / 25, *[frame / 4] * 4) for frame in range(4)], "timestamp")
    with pytest.raises(ValueError, match="one.csv, .*two.csv come from different programs; the recordings of a person"):
        happy(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test"}, "split is 'test', but there are no splits; use 'all', and subjects or fold"),
        ({"intensities": ()}, "intensities is empty; expected some of happy"),
        ({"intensities": ("glee",)}, "intensities has 'glee'; choose from happy"),
        ({"timecode_fps": 0.0}, "timecode_fps is 0.0; expected frames per second"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ActionUnitsConfig("x", **options)


def test_a_root_without_tables_is_named(tmp_path):
    (tmp_path / "data" / "units").mkdir(parents=True)
    with pytest.raises(
        FileNotFoundError, match=r"no tables in .*units, expected units/<person>.*; it lies in .*data: set"
    ):
        load(tmp_path)
