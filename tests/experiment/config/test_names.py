from affect_jax.experiment.config.names import did_you_mean, dotted_names


def test_options_go_by_their_dotted_names():
    assert dotted_names({"a": 1, "b": {"c": {"d": 2}, "e": ()}}) == ["a", "b.c.d", "b.e"]


def test_the_nearest_name_is_offered_if_one_is_near():
    assert did_you_mean("rate", ["rates", "weight"]) == "; did you mean 'rates'?"
    assert did_you_mean("xyz", ["rates", "weight"]) == ""
