"""Compares a person's days with the baseline: how much the face showed, and which days are unusual.

  python -m launch.drift --persons=persons --subject=anna --tables=out/week_9,out/week_10 --output=drift/anna

The baseline comes from launch.adapt --baseline. Tables are those of launch.predict or launch.evaluate, by the same
network. Days come from the date in a table's schema (live sessions) or name (anna_2026-03-01.csv), from --days, or from
the order of the tables. Writes drift.csv (a row per day), drift.png and drift.md. With --rate=0.01, one false alarm in
100 days is expected if nothing changes. This is no diagnosis: cameras, company, tiredness and much else change what a
face shows, and a change says nothing about health.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_output_folder, require
from launch.person_flags import define_days, define_persons_folder, define_subject

PERSONS = define_persons_folder()
SUBJECT = define_subject()
TABLES, DAYS, FACE = define_days()
RATE = flags.DEFINE_float("rate", 0.01, "Expected false alarms per day if nothing changes.")
OUTPUT = define_output_folder()
require("persons", "subject", "tables", "output")


def main() -> None:
    from affect_jax.experiment.drift import Given, run_drift

    given = Given.read(TABLES.value, DAYS.value, FACE.value)
    output = pathlib.Path(OUTPUT.value)
    print(run_drift(given, SUBJECT.value, pathlib.Path(PERSONS.value), output, RATE.value))
    print(f"\nPlot: {output}/drift.png")


if __name__ == "__main__":
    cli.run(main)
