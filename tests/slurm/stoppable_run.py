"""Config of a training that compiles in seconds, and is slow enough to be stopped until it was requeued once."""

import os
import time

import linear_run

from affect_jax.train.fetch import Fetcher

STEPS = 300
SECONDS = 0.25  # for each batch in the first life of a job


def get_config():
    """More than a minute in the first life of a job; as fast as it can be elsewhere."""
    if "SLURM_JOB_ID" in os.environ and "SLURM_RESTART_COUNT" not in os.environ:
        Fetcher.next = slowly(Fetcher.next)
    config = linear_run.get_config()
    config.train.update(steps=STEPS, log_every=1, evaluate_every=100)
    return config


def slowly(next_batch):
    def next_batch_later(self, stopping):
        time.sleep(SECONDS)
        return next_batch(self, stopping)

    return next_batch_later
