"""Writes an inflated network as a new workdir, and recomputes its certificate on request."""

import pathlib

from absl import logging

from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import growth, write
from affect_jax.experiment.derive.inflated_config import InflationConfig, inflate_config
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.network import make_network
from affect_jax.experiment.restore import best_step, open_run, restore_run
from affect_jax.models.certificate import compare_networks, describe


def inflate_run(source: pathlib.Path, workdir: pathlib.Path, settings: InflationConfig) -> dict:
    """Writes `workdir` with the inflated network at step 0; its certificate is in inflation.json and the checkpoint."""
    with write.reserve(workdir):
        return _inflate(source, workdir, settings)


def _inflate(source: pathlib.Path, workdir: pathlib.Path, settings: InflationConfig) -> dict:
    step = best_step(source)
    config = inflate_config(source, settings)
    run = options.parse(config)
    if (note := write.existing_result(workdir, config, growth.CERTIFICATE, step)) is not None:
        return note
    found, module = growth.grow(source, run)
    network = make_network(run)
    write.write_run(workdir, config, network, network.variables(module), {growth.CERTIFICATE: found}, certificate=found)
    for line in describe(found):
        logging.info("%s", line)
    return found


def certify(workdir: pathlib.Path) -> dict:
    """Recomputes the certificate of an inflated workdir from its weights and those of its source network.

    "stored" is the certificate saved with the weights; None if they have been trained since. UsageError if the workdir
    does not come from inflation.
    """
    run, checkpoints, step = open_run(workdir)
    stored = checkpoints.certificate(step)
    checkpoints.close()
    if run.initialize.rule not in TRANSFERS:
        raise UsageError(
            f"{workdir} was initialized by the rule '{run.initialize.rule}', not by inflation; pass the workdir that "
            "python -m launch.inflate wrote"
        )
    source = pathlib.Path(run.initialize.workdir)
    logging.info("%s: comparing its weights of step %d with those of %s", workdir, step, source)
    _, source_network, source_variables, source_step = restore_run(source)
    if stored is not None and source_step != stored["step"]:
        raise UsageError(
            f"{workdir} was made from step {stored['step']} of {source}, whose best step is {source_step} by now; "
            "it can only be compared with the weights it was made from"
        )
    _, network, variables, _ = restore_run(workdir)
    found = compare_networks(
        source_network.module(source_variables), network.module(variables), growth.probe_clips(run)
    )
    return {"from": str(source), "from_step": source_step, "step": step, "stored": stored, **found}
