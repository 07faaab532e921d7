"""The trained network that is exported."""

import dataclasses
import functools
import pathlib

from affect_jax.experiment import restore
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.export.program import make_program
from affect_jax.infer.export.program import Program
from affect_jax.nn.network import Network, Variables


@dataclasses.dataclass(frozen=True)
class Source:
    """A trained network, restored from its workdir or from a plain folder."""

    workdir: pathlib.Path
    run: Options
    network: Network
    variables: Variables
    step: int

    @classmethod
    def restore(cls, workdir: pathlib.Path) -> "Source":
        """The best weights of a workdir; UsageError if it holds none."""
        return cls(workdir, *restore.restore_run(workdir))

    @property
    def name(self) -> str:
        """The network as tables name it, such as "static@500"."""
        return f"{self.workdir.absolute().name}@{self.step}"

    @functools.cached_property
    def program(self) -> Program:
        """The network as a function of flat arrays."""
        run, module = self.run, self.network.module(self.variables)
        return make_program(module, run.contract, run.task.quantities, run.data.frames)
