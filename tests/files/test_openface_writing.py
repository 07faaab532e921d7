import numpy as np

from affect_jax.files.openface import is_openface, read_openface
from affect_jax.files.openface_writing import write_openface


def test_what_is_written_is_read_back_as_a_table_of_openface(tmp_path):
    points = np.random.default_rng(0).uniform(10, 600, (3, 68, 2)).astype(np.float32)
    points[1] = np.nan  # no face
    path = tmp_path / "one" / "utterance_1.csv"
    write_openface(path, points, np.array([0.98, 0, 0.75]), [0, 0, 1], np.array([0.0, 0.04, np.nan]))
    assert is_openface(path)
    tracked = read_openface(path)
    assert tracked.numbers.tolist() == [0, 1, 2] and tracked.found.tolist() == [True, False, True]
    np.testing.assert_allclose(tracked.landmarks[[0, 2]], points[[0, 2]], atol=0.0051)
    np.testing.assert_allclose(tracked.times_seconds, [0, 0.04, np.nan])
    assert not tracked.unusable and np.isnan(tracked.position).all()
    first = path.read_text().splitlines()
    assert first[0].startswith("frame,face_id,timestamp,confidence,success,x_0,x_1,")
    assert first[2].startswith("2,0,0.040,0,0,0,0,") and first[3].startswith("3,1,,0.75,1,")
    assert [entry.name for entry in path.parent.iterdir()] == ["utterance_1.csv"]
