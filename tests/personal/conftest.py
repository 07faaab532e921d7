"""Persons whose true affect is known: the same face shows it, stronger or weaker and from another resting face."""

import dataclasses

import numpy as np
import pytest

from affect_jax.personal.given import Given
from affect_jax.personal.sources import BaseHead, Sources

FRAMES, REST, RATE = 60, 6, 10.0  # frames of each person, of which the first ones are neutral; frames per second


def head_of_the_usual_person() -> BaseHead:
    """Returns the first two of five features, whatever their sign; its hidden layer has 6 units."""
    hidden_kernel = np.zeros((5, 6), np.float32)
    output_kernel = np.zeros((6, 2), np.float32)
    for unit, (feature, sign) in enumerate([(0, 1), (0, -1), (1, 1), (1, -1)]):
        hidden_kernel[feature, unit] = sign
        output_kernel[unit, feature] = sign
    hidden_kernel[2, 4] = 1
    return BaseHead(hidden_kernel, np.zeros(6, np.float32), output_kernel, np.zeros(2, np.float32))


def make_persons(count: int, seed: int, difference: float = 0.3) -> Given:
    """All their frames are labeled; `difference` is the spread of resting faces and of log expressiveness."""
    rng = np.random.default_rng(seed)
    time = np.arange(FRAMES) / RATE
    phase, speed = rng.uniform(0, 6, (2, count, 1, 2))
    label = 0.6 * np.sin(phase + (0.5 + speed / 6) * 2 * time[None, :, None])
    label[:, :REST] = 0
    gain = np.exp(difference * rng.normal(size=(count, 1, 2)))
    rest = difference * rng.normal(size=(count, 1, 2))
    shown = gain * label + rest
    noise = 0.02 * rng.normal(size=(count, FRAMES, 1))
    identity = np.broadcast_to(rest, (count, FRAMES, 2))  # the face itself shows whose it is
    features = np.concatenate([shown, identity, noise], axis=-1).astype(np.float32)
    neutral = np.broadcast_to(np.arange(FRAMES) < REST, (count, FRAMES)).astype(np.float32)
    ones = np.ones((count, FRAMES), np.float32)
    times = np.broadcast_to(time, (count, FRAMES)).astype(np.float32)
    output = np.array(head_of_the_usual_person()(features))
    return Given(features, output, label.astype(np.float32), ones, neutral, ones, times)


@pytest.fixture(scope="session")
def head() -> BaseHead:
    return head_of_the_usual_person()


@pytest.fixture(scope="session")
def sources(head) -> Sources:
    """Five source persons."""
    return Sources(make_persons(5, seed=0), tuple("abcde"), head)


@pytest.fixture(scope="session")
def targets() -> Given:
    """Four other persons, of whose frames every fourth is labeled."""
    persons = make_persons(4, seed=1)
    labeled = np.broadcast_to(np.arange(FRAMES) % 4 == 1, (4, FRAMES)).astype(np.float32)
    return dataclasses.replace(persons, labeled=labeled)
