"""What a copy leaves out: heads of other quantities, and heads that were never trained."""

import json

from affect_jax.experiment.config import options
from affect_jax.experiment.derive import write
from affect_jax.experiment.derive.copied import left_out
from affect_jax.experiment.network import make_network
from affect_jax.nn.network import names
from configs import intensity, quickstart


def arrays(run: options.Options) -> list[str]:
    return sorted(names(make_network(run).abstract))


def test_heads_of_other_quantities_are_left_out_and_all_else_fits(tmp_path):
    clip, rated = options.parse(quickstart.get_config("clip")), options.parse(intensity.get_config("clip"))
    theirs, ours = arrays(clip), arrays(rated)
    lost = left_out(tmp_path, clip, rated, theirs)
    assert {name.rsplit("/", 1)[0] for name in lost} == {"head/hidden", "head/hidden_norm", "head/output"}
    assert set(ours) - set(theirs) == {"logits/kernel", "logits/bias"} == set(ours) - (set(theirs) - lost)
    assert left_out(tmp_path, rated, clip, ours) == {"logits/kernel", "logits/bias"}
    assert not left_out(tmp_path, clip, clip, theirs) and not left_out(tmp_path, rated, rated, ours)


def test_a_head_that_was_never_trained_is_left_out_even_of_the_same_quantities(tmp_path):
    run = options.parse(intensity.get_config("clip"))
    (tmp_path / write.SOURCE).write_text(json.dumps({write.DRAWN: ["logits/kernel"]}))
    assert left_out(tmp_path, run, run, arrays(run)) == {"logits/kernel"}
