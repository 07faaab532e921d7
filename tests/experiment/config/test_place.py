import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.place import Place, find_place

STEP = {
    "SLURM_JOB_ID": "7",
    "SLURM_STEP_NODELIST": "127.0.0.[1-2]",
    "SLURM_NTASKS": "2",
    "SLURM_PROCID": "1",
    "SLURM_LOCALID": "0",
}


def test_flags_give_the_place():
    assert find_place("127.0.0.1:99", 4, 3, {}) == Place("127.0.0.1:99", 4, 3)
    assert find_place("localhost:99", 2, 0, STEP) == Place("localhost:99", 2, 0)
    assert find_place("[::1]:99", 1, 0, {}) == Place("[::1]:99", 1, 0)


def test_a_slurm_step_gives_the_place_and_anything_less_is_one_process():
    assert find_place(None, None, None, STEP) == Place("127.0.0.1", 2, 1)
    assert find_place(None, 1, None, STEP) is None
    assert find_place(None, None, None, {**STEP, "SLURM_NTASKS": "1"}) is None
    assert find_place(None, None, None, {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "2"}) is None
    assert find_place(None, None, None, {}) is None


@pytest.mark.parametrize(
    "flags, message",
    [
        ((None, 2, 0), r"--coordinator missing: several processes need --coordinator=HOST:PORT"),
        (("node1:99", None, None), r"--processes and --process missing"),
        (("node1", 2, 0), r"--coordinator=node1: expected HOST:PORT of process 0, such as node1:12345"),
        (("node1:70000", 2, 0), r"--coordinator=node1:70000: expected HOST:PORT"),
        (("127.0.0.1:99", 2, 2), r"--process=2 of --processes=2: expected a number from 0 to 1"),
        (
            ("no.such.host.invalid:99", 2, 0),
            r"--coordinator=.*: the name of host 'no.such.host.invalid' cannot be resol",
        ),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(flags, message):
    with pytest.raises(UsageError, match=message):
        find_place(*flags, {})


def test_a_node_of_slurm_that_cannot_be_resolved_is_one_sentence():
    with pytest.raises(UsageError, match=r"SLURM_STEP_NODELIST=no-such-node\[07-09\]: .* host 'no-such-node07' cannot"):
        find_place(None, None, None, {**STEP, "SLURM_STEP_NODELIST": "no-such-node[07-09]"})
