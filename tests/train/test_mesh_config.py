"""Invalid options of the mesh are rejected, each with a suggestion."""

import pytest

from affect_jax.train.mesh_config import MeshConfig

AXES = (("data", -1), ("model", 4))


@pytest.mark.parametrize(
    "axes, message",
    [
        (
            (("data", "8"),),
            r"axes: \('data', '8'\) is not a pair of a name and a number of devices; expected axes like",
        ),
        (("data", -1), r"axes: 'data' is not a pair of a name and a number of devices"),
        ((("data", 0),), r"axes: 'data' has 0 devices; expected at least 1, or -1 for all remaining"),
        ((("model", -1),), r"axes lacks 'data', which batches are split over; add \('data', -1\)"),
        ((("data", 2), ("data", 4)), r"axes names 'data' twice; give each axis its own name"),
        ((("data", -1), ("model", -1)), r"only one axis can be -1 \(all remaining devices\)"),
    ],
)
def test_invalid_axes_are_rejected(axes, message):
    with pytest.raises(ValueError, match=message):
        MeshConfig(axes=axes)


@pytest.mark.parametrize(
    "rule, message",
    [
        (
            (".*",),
            r"rules: \('\.\*',\) is not a pair of a pattern and a tuple with the axis of each dimension; expected",
        ),
        ((".*", "model"), r"is not a pair of a pattern and a tuple with the axis of each dimension"),
        (("head/(", ()), r"rules: 'head/\(' is not a regular expression"),
        (
            (".*", (None, "modl")),
            r"'\.\*' splits over the axis 'modl', which mesh.axes lacks; choose one of data, model",
        ),
        ((".*", ("model", "model")), r"'\.\*' splits two dimensions over the axis 'model'; an axis can split one"),
    ],
)
def test_invalid_rules_are_rejected(rule, message):
    with pytest.raises(ValueError, match=message):
        MeshConfig(axes=AXES, rules=(rule, (".*", ())))
