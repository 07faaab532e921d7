"""The first weights of a run: drawn, copied from another run, or grown from a static network."""

import pathlib

import jax
from absl import logging

from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive import growth, write
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.restore import restored
from affect_jax.nn.network import Network, Variables, names, with_names


def variables(run: Options, network: Network, workdir: pathlib.Path) -> Variables:
    """The weights at step 0, by the rule of `config.initialize`."""
    source = pathlib.Path(run.initialize.workdir)
    if run.initialize.rule in TRANSFERS:
        found, module = growth.grown(source, run)
        write.note(workdir, growth.CERTIFICATE, found)
        return network.variables(module)
    scratch = jax.jit(network.initial)(jax.random.fold_in(jax.random.key(run.seed), 0))
    return _copied(scratch, source) if run.initialize.rule == "copy" else scratch


def _copied(scratch: Variables, workdir: pathlib.Path) -> Variables:
    _, _, other, step = restored(workdir)
    here, there = names(scratch), names(other)
    logging.info("copied %d of %d arrays from %s (step %d)", len(there), len(here), workdir, step)
    return with_names(scratch, {**here, **there})
