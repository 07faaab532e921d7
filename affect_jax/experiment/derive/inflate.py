"""Inflation as a workdir of its own, and its certificate once more for anybody."""

import pathlib

from absl import logging

from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import growth, write
from affect_jax.experiment.derive.inflated_config import Growth, config_of
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.network import make_network
from affect_jax.experiment.restore import best_step, opened, restored
from affect_jax.models.certificate import compare_networks, describe


def inflate_run(source: pathlib.Path, workdir: pathlib.Path, wanted: Growth) -> dict:
    """Writes `workdir` with the grown network at step 0, its certificate in inflation.json and in the checkpoint."""
    step = best_step(source)
    config = config_of(source, wanted)
    run = options.parse(config)
    if (note := write.there(workdir, config, growth.CERTIFICATE, step)) is not None:
        return note
    found, module = growth.grown(source, run)
    network = make_network(run)
    write.write(workdir, config, network, network.variables(module), {growth.CERTIFICATE: found}, certificate=found)
    for line in describe(found):
        logging.info("%s", line)
    return found


def certify(workdir: pathlib.Path) -> dict:
    """The certificate of an inflated workdir, computed again from its numbers and those of the network it came from.

    "stored" is the one that was saved with the numbers, None where training has moved them since. UsageError where the
    workdir does not come from inflation.
    """
    run, checkpoints, step = opened(workdir)
    stored = checkpoints.certificate(step)
    checkpoints.close()
    if run.initialize.rule not in TRANSFERS:
        raise UsageError(
            f"{workdir} was started by the rule '{run.initialize.rule}', not by inflation; give the workdir that "
            "python -m launch.inflate wrote"
        )
    source = pathlib.Path(run.initialize.workdir)
    _, source_network, source_numbers, source_step = restored(source)
    if stored is not None and source_step != stored["step"]:
        raise UsageError(
            f"{workdir} was made from step {stored['step']} of {source}, whose best step is {source_step} by now; "
            "it can only be compared with the numbers that it came from"
        )
    _, network, numbers, _ = restored(workdir)
    found = compare_networks(source_network.module(source_numbers), network.module(numbers), growth.clips(run))
    return {"from": str(source), "from_step": source_step, "step": step, "stored": stored, **found}
