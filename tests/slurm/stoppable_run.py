"""Config of a training that compiles in seconds, and is slow enough to be stopped until it was requeued once."""

import os

import linear_run


def get_config():
    """Thirty seconds at least in the first life of a job; as fast as it can be elsewhere."""
    first = "SLURM_JOB_ID" in os.environ and "SLURM_RESTART_COUNT" not in os.environ
    config = linear_run.get_config("slow" if first else "plain")
    config.train.update(steps=300, log_every=1, evaluate_every=100)
    return config
