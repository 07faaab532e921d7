"""Whether the data of a run of experts fit its network, and the record of whose expert is which."""

import pathlib
from collections.abc import Sequence

import numpy as np

from affect_jax.data.crops import subject_names
from affect_jax.data.source import as_table
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.experts_record import ExpertsRecord, feature_network, read_record, write_record
from affect_jax.experiment.run import Run
from affect_jax.train.agreement import is_first
from affect_jax.types import Source


def check_features(run: Run) -> None:
    """UsageError if the network of a run takes features, and its data do not fit it; other runs are left alone."""
    contract = run.options.contract
    if contract.takes != "features":
        return
    sources = dict(zip((f"data.train.{name}" for name in run.options.data.train), run.source.parts, strict=True))
    sources |= {f"evaluations.{name}": source for name, source in run.evaluation_sources.items()}
    for name, source in sources.items():
        _check_width(name, source, contract.input_features)
    feature_network(run.options)
    if run.options.task.one_per_subject:
        subjects = as_table(run.source.examples).subjects
        _check_subjects(subjects, contract.experts)
        _check_start(run, subject_names(subjects))


def record_experts(run: Run) -> None:
    """Writes experts.json if the network of a run has experts on features."""
    if run.options.contract.experts and is_first():
        names = subject_names(as_table(run.source.examples).subjects)
        write_record(run.workdir, ExpertsRecord(names, feature_network(run.options)))


def _check_width(name: str, source: Source, width: int) -> None:
    features = as_table(source.examples).features
    if features is None:
        raise UsageError(f"{name} has no features, which the network takes; store them with python -m launch.features")
    if width and features.shape[1] != width:
        raise UsageError(
            f"{name} has {features.shape[1]} features a face, the network takes {width}: set model.features to "
            f"{features.shape[1]}, less model.context"
        )


def _check_subjects(subjects: np.ndarray, experts: int) -> None:
    names, unknown = subject_names(subjects), int((subjects == "").sum())
    if unknown:
        raise UsageError(
            f"{unknown} of {len(subjects)} training faces have no subject, so that no expert could learn them: use "
            "data with subjects, or task.stage=joint with task.gate_weight=0"
        )
    if len(names) != experts:
        listed = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise UsageError(
            f"the training data have {len(names)} subjects ({listed}), the network {experts} experts, and each learns "
            f"one subject: set model.mixture.count to {len(names)}, or task.stage=joint with task.gate_weight=0"
        )


def _check_start(run: Run, names: Sequence[str]) -> None:
    """Checks that the experts that a run starts from belong to the same subjects."""
    start = run.options.initialize
    if start.rule != "copy":
        return
    earlier = read_record(pathlib.Path(start.workdir)).subjects
    changes = {"do not have": set(earlier) - set(names), "add": set(names) - set(earlier)}
    for change, subjects in changes.items():
        if subjects:
            raise UsageError(
                f"the experts in {start.workdir} belong to {len(earlier)} other subjects; these data {change} "
                f"{', '.join(sorted(subjects)[:3])}: train on the same subjects, or set task.stage=joint and "
                "task.gate_weight=0"
            )
