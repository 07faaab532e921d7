import csv
import json

import numpy as np
import pytest
from PIL import Image

from affect_jax.data.folds import FoldConfig, take_fold
from affect_jax.data.readers.afew_va import AFEWVAConfig, afew_va

POINTS = np.stack([np.linspace(10, 50, 68), np.linspace(12, 40, 68) ** 1.01], axis=1)


def frame(valence, arousal, points=POINTS):
    return {"arousal": arousal, "landmarks": points.tolist(), "valence": valence}


def clip(root, name, actor, frames, lacking=()):
    """A clip as distributed: pretty-printed JSON with sorted keys, images with the keys of the frames."""
    folder = root / name
    folder.mkdir(parents=True)
    video = folder.name
    content = {"actor": actor, "frames": {f"{k:05d}": value for k, value in enumerate(frames)}, "video_id": video}
    (folder / f"{video}.json").write_text(json.dumps(content, indent=4, sort_keys=True))
    for k in range(len(frames)):
        if k not in lacking:
            Image.new("RGB", (72, 57), (k, k, k)).save(folder / f"{k:05d}.png")
    return folder


@pytest.fixture
def root(tmp_path):
    clip(tmp_path, "001", "Bruce Campbell", [frame(0.0, 5.0), frame(-10.0, 10.0, POINTS + 1), frame(3.0, -2.0)])
    clip(tmp_path, "002", " Bruce  Campbell", [frame(1.0, 1.0)] * 2)
    clip(tmp_path, "010", "Embeth Davidtz", [frame(-4.0, 6.0)] * 2)
    return tmp_path


def load(root, **options):
    return afew_va(AFEWVAConfig(str(root), **options))


def test_labels_are_tenths_and_landmarks_pixels(root):
    source = load(root)
    labels = source.examples.labels
    np.testing.assert_allclose(labels["valence_arousal"].value[:3], [(0, 0.5), (-1, 1), (0.3, -0.2)], atol=1e-7)
    np.testing.assert_allclose(labels["landmarks"].value[1], POINTS + 1, rtol=1e-6)
    assert labels["landmarks"].weight.all() and labels["valence_arousal"].weight.all() and "emotion" not in labels
    assert list(source.examples.names[:4]) == ["001/00000", "001/00001", "001/00002", "002/00000"]
    np.testing.assert_allclose(source.examples.time_seconds[:3], [0, 0.04, 0.08])
    assert source.image(2).shape == (57, 72, 3) and (source.image(2) == 2).all()


def test_actors_are_the_subjects_and_folds_keep_them_apart(root):
    source = load(root)
    assert list(source.examples.subjects) == ["Bruce Campbell"] * 5 + ["Embeth Davidtz"] * 2
    parts = [
        set(take_fold(source, fold).examples.subjects) for fold in (FoldConfig(4, 5), FoldConfig(4, 5, complement=True))
    ]
    assert parts[0] | parts[1] == {"Bruce Campbell", "Embeth Davidtz"} and not parts[0] & parts[1]


def test_clips_in_folders_of_fifty_are_the_same(root, tmp_path):
    flat = list(load(root).examples.names)
    for number, name in (("01", "001"), ("01", "002"), ("02", "010")):
        (root / number).mkdir(exist_ok=True)
        (root / name).rename(root / number / name)
    assert list(load(root).examples.names) == flat


def test_frames_without_image_or_with_wrong_labels_are_counted(tmp_path):
    frames = [frame(0.0, 0.0) for _ in range(9)]
    frames[1]["valence"] = 11.0
    frames[2]["arousal"] = None
    frames[3]["landmarks"] = frames[3]["landmarks"][:66]
    frames[4] = frame(0.0, 0.0, POINTS + 500)
    frames[5] = {"arousal": 1.0}
    folder = clip(tmp_path, "001", "A", frames, lacking=(6,))
    (folder / "00007.png").write_bytes(b"\x89PNG")
    skipped = tmp_path / "skipped.csv"
    source = load(tmp_path, max_skipped_fraction=0.9, skipped_csv=str(skipped))
    assert list(source.examples.names) == ["001/00000", "001/00008"]
    with open(skipped, newline="") as file:
        found = {int(line["row"]): line["reason"] for line in csv.DictReader(file)}
    assert found == {
        1: "valence out of -10..10", 2: "arousal is not a number", 3: "wrong landmarks",
        4: "landmarks lie outside the image", 5: "frame has no labels", 6: "image is missing",
        7: "file is not an image",
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"7 of 9 rows \(77.8%\) are unusable"):
        load(tmp_path)
    with pytest.raises(ValueError, match=r"row 1: valence out of -10..10: .*11.0, expected -10 to 10 .*frame 00001"):
        load(tmp_path, strict=True)


def test_unreadable_clips_are_counted(root):
    (root / "010" / "010.json").write_text('{"actor": "A", "frames": {')
    with pytest.raises(ValueError, match=r"clips: 1 of 3 rows \(33.3%\) are unusable: 1 x clip's JSON cannot be read"):
        load(root)
    assert set(load(root, max_skipped_fraction=0.5).examples.clips) == {"001", "002"}
    (root / "010" / "010.json").write_text('{"actor": "", "frames": {}}')
    with pytest.raises(ValueError, match=r"clip has no actor: .*010.json, expected for example"):
        load(root, strict=True)


def test_json_without_end_and_points_beyond_any_image_are_counted(root):
    (root / "010" / "010.json").write_text("[" * 100_000)
    clip(root, "011", "A", [frame(0.0, 0.0), frame(0.0, 0.0, POINTS * 1e300)])
    listed = root / "skipped.csv"
    assert len(load(root, max_skipped_fraction=0.5, skipped_csv=str(listed)).examples) == 6
    reasons = listed.read_text()
    assert "clip's JSON cannot be read" in reasons and "wrong landmarks" in reasons


def test_wrong_paths_and_options_are_named(root):
    with pytest.raises(
        FileNotFoundError, match=r"no clips in .*001, expected files such as .*001/001.json or .*01/001"
    ):
        load(root / "001")
    with pytest.raises(ValueError, match="split is 'training', but AFEW-VA has no splits; use 'all'"):
        load(root, split="training")
    with pytest.raises(ValueError, match=r"fps is 0.0; expected frames per second"):
        load(root, fps=0.0)
