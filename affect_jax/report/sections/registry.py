"""The sections of a report, in order."""

from affect_jax.report.evaluated import Section
from affect_jax.report.sections import circumplex, confusion, curves, levels, traces

SECTIONS: tuple[Section, ...] = (
    traces.section,
    circumplex.section,
    confusion.section,
    levels.section,
    curves.section,
)
