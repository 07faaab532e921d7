"""Invalid options of the mesh are rejected, each with a suggestion."""

import pytest

from affect_jax.train.mesh_config import MeshConfig


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"data": 0}, "data is 0 devices; expected at least 1, or -1 for all remaining"),
        ({"fsdp": -2}, "fsdp is -2 devices; expected at least 1"),
        ({"time": -1}, "data and time are -1; only one axis can take all remaining devices: set the other to a number"),
    ],
)
def test_invalid_sizes_are_rejected(sizes, message):
    with pytest.raises(ValueError, match=message):
        MeshConfig(**sizes)


@pytest.mark.parametrize(
    "rule, message",
    [
        ((".*",), r"rules: \('\.\*',\) is not a pair of a pattern and what to split; expected \(\('head"),
        (("head/(", "whole"), r"rules: 'head/\(' is not a regular expression"),
        ((".*", "fsdp"), r"rules: '\.\*' has 'fsdp'; choose 'largest', 'whole' or the number of a dimension from 0"),
        ((".*", (None, "model")), r"rules: '\.\*' has \(None, 'model'\); choose 'largest', 'whole'"),
        ((".*", -1), r"rules: '\.\*' has -1; choose 'largest', 'whole'"),
        ((".*", True), r"rules: '\.\*' has True; choose 'largest', 'whole'"),
    ],
)
def test_invalid_rules_are_rejected(rule, message):
    with pytest.raises(ValueError, match=message):
        MeshConfig(rules=(rule, (".*", "largest")))
