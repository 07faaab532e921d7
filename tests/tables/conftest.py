import numpy as np
import pytest
from intensity import Intensity

from affect_jax.quantities.registry import QUANTITIES
from affect_jax.tables.schema import Schema
from affect_jax.tables.writing import RowWriter


@pytest.fixture(autouse=True)
def intensity(monkeypatch):
    monkeypatch.setitem(QUANTITIES, "intensity", Intensity())


@pytest.fixture
def write_video(tmp_path):
    """Writes the table of a recording: `faces` lists the numbers of the faces of each frame."""

    def write(times_seconds, faces, name="a.mp4", label_set="affectnet_8", include=("landmarks",), stem="a"):
        rng = np.random.default_rng(0)
        schema = Schema("clip@9", "c", 64, label_set, ("valence_arousal", "emotion"), boxes=True, include=include)
        writer = RowWriter(tmp_path / f"{stem}.csv", schema)
        classes = len([column for column in schema.columns if column.startswith("p_")])
        for frame, (time, present) in enumerate(zip(times_seconds, faces, strict=True)):
            keys = {"source": name, "frame": frame, "time_seconds": float(time)}
            for face in present:
                values = {
                    "valence_arousal": rng.uniform(-1, 1, 2).astype(np.float32),
                    "emotion": rng.dirichlet(np.ones(classes)).astype(np.float32),
                }
                box = [*rng.uniform(0, 100, 4).round(2).tolist(), 0.5 + face / 8]
                groups = {
                    "landmarks": rng.uniform(0, 640, (68, 2)).round(2) if "landmarks" in include else None,
                    "blendshapes": rng.uniform(0, 1, 52) if "blendshapes" in include else None,
                }
                writer.write({**keys, "face": face}, values, box, quality=0.25, **groups)
            if not present:
                writer.write(keys, None)
        writer.close({"start_seconds": 0.0})
        return tmp_path / f"{stem}.csv"

    return write
