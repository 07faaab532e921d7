"""Terms come back from JSON bit for bit, also those that are not finite."""

import json

import jax.numpy as jnp
import numpy as np

from affect_jax.train.pending import from_json, to_json


def test_terms_of_any_dtype_come_back_exactly():
    values = [np.float32(0.1), np.float32(np.nan), np.float32(-np.inf), np.float64(np.pi), np.int32(7)]
    terms = {str(place): value for place, value in enumerate(values)} | {"half": np.asarray(jnp.bfloat16(0.3))}
    (found,) = from_json(json.loads(json.dumps(to_json([terms]))))
    assert list(found) == list(terms)
    for name, value in terms.items():
        assert found[name].dtype == value.dtype and found[name].tobytes() == np.asarray(value).tobytes()
