"""Several training processes build together what one builds alone, mixup included."""

import numpy as np
import pytest
from batches import hashes, joined
from noise import NoisyFaces

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.loader import training_batches
from affect_jax.data.training_rows import Share
from affect_jax.data.windows import WindowConfig

CLIPS = {"frames": 4, "windows": WindowConfig(every=2, start_jitter=2, speed=1.5)}


def streams(processes, source, **options):
    settings = {"crop_px": 8, "batch": 8, "seed": 3, "max_skipped_fraction": 1.0} | options
    return [training_batches(source, **settings, share=Share(number, processes)) for number in range(processes)]


@pytest.mark.parametrize("clips", [{}, CLIPS], ids=["stills", "clips"])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_global_batches_are_the_same_for_one_two_and_four_processes(clips, alpha):
    source = NoisyFaces(30, broken=[3, 17])
    augment = AugmentConfig(mixup_alpha=alpha)
    expected = hashes(*streams(1, source, augment=augment, **clips), count=8)
    for processes in (2, 4):
        assert hashes(*streams(processes, source, augment=augment, **clips), count=8) == expected
    assert len(set(expected)) == 8


def test_partners_come_from_the_whole_batch_and_not_from_the_rows_of_the_process():
    source = NoisyFaces(32)
    plain = joined(*streams(1, source, augment=AugmentConfig()))
    mixed = joined(*streams(4, source, augment=AugmentConfig(mixup_alpha=1.0))[:1])  # rows 0 and 1 of 8
    rng = np.random.default_rng((3, 2**31, 0))  # seed, stream of mixup, number of the batch
    share = rng.beta(1.0, 1.0, 8)
    share, partner = np.maximum(share, 1 - share), rng.permutation(8)
    assert max(partner[:2]) >= 2, "another seed is needed: no partner is another process's"
    images = plain.inputs.images / 255
    for row in (0, 1):
        expected = share[row] * images[row] + (1 - share[row]) * images[partner[row]]
        np.testing.assert_allclose(mixed.inputs.images[row], expected, atol=1e-6)
    np.testing.assert_array_equal(mixed.index, plain.index[:2])


def test_a_share_names_what_does_not_divide():
    with pytest.raises(ValueError, match=r"a batch of 8 is not divisible by 3 processes; change config.batch_size"):
        streams(3, NoisyFaces(30), augment=AugmentConfig())
    with pytest.raises(ValueError, match="process 2 of 2; expected a number from 0 to one less"):
        Share(2, 2).rows(8)
