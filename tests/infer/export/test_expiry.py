import datetime

import pytest

from affect_jax.infer.export.expiry import expiry

DAY = datetime.date


@pytest.mark.parametrize(
    ("jaxlib", "exported", "expires", "counted_from"),
    [
        ("0.10.2", DAY(2026, 11, 30), DAY(2026, 12, 17), "jaxlib 0.10.2, published on 2026-06-17"),
        ("0.11.1", DAY(2026, 11, 30), DAY(2027, 2, 17), "jaxlib 0.11.1, published on 2026-08-17"),
        ("9.9.9", DAY(2027, 8, 31), DAY(2028, 2, 28), "the export; jaxlib 9.9.9 is older"),
        ("9.9.9", DAY(2027, 6, 1), DAY(2027, 12, 1), "the export; jaxlib 9.9.9 is older"),
    ],
)
def test_six_months_after_the_build_or_else_after_the_export(jaxlib, exported, expires, counted_from):
    found, reason = expiry(jaxlib, exported)
    assert found == expires and reason.startswith(counted_from)
