import pytest

from affect_jax.experiment.config.names import did_you_mean, dotted_names, with_nearest


def test_options_go_by_their_dotted_names():
    assert dotted_names({"a": 1, "b": {"c": {"d": 2}, "e": ()}}) == ["a", "b.c.d", "b.e"]


def test_the_nearest_name_is_offered_if_one_is_near():
    assert did_you_mean("rate", ["rates", "weight"]) == "; did you mean 'rates'?"
    assert did_you_mean("xyz", ["rates", "weight"]) == ""


@pytest.mark.parametrize(
    ("message", "nearest"),
    [
        ("unknown model.name 'emonett'; choose one of clip, emonet, fan", "emonet"),
        ("form is 'tuker'; choose one of cp, tucker, tt", "tucker"),
        ("--precision=bfloat61: value should be one of <float32|bfloat16>", "bfloat16"),
        ("form is 'xyz'; choose one of cp, tucker, tt", None),
        ("train.on_nan is 'rolback'; choose stop, skip or rollback", "rollback"),
        ("rules: a pattern, which mesh.axes lacks; choose one of data", None),
    ],
)
def test_a_message_with_choices_ends_with_the_nearest_one(message, nearest):
    assert with_nearest(message) == message + (f"; did you mean '{nearest}'?" if nearest else "")
