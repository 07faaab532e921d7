"""Compares ways of adapting a network to new people: scores by person, means with intervals, one plot, one page."""

import pathlib
from collections.abc import Mapping, Sequence

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import lookup
from affect_jax.experiment.study.adaptation_pair import Pair, read_pair
from affect_jax.experiment.study.adaptation_runs import Row, protocols, run_method
from affect_jax.files.atomic import open_atomically, write_csv
from affect_jax.personal.outputs import is_intensity
from affect_jax.personal.protocol import LARGEST_SHARE
from affect_jax.personal.registry import METHODS
from affect_jax.report.adaptation import BASE, Setting, question_table, score_table, share_tables, summarize
from affect_jax.report.sections.adaptation import draw_adaptation
from affect_jax.report.tables import markdown_table, text_table

HEADLINE_SHARE = 0.05


def compare_adaptation(
    sources: Sequence[pathlib.Path],
    targets: Sequence[pathlib.Path],
    output: pathlib.Path,
    methods: Sequence[str] = (),
    shares: Sequence[float] = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2),
    neutral_seconds: float = 3.0,
) -> str:
    """Writes adaptation.csv, summary.csv, summary.md and adaptation.png; returns the main table as text.

    Adapting is repeated for nothing that `output` holds already: remove its folder "parts" after changing a method.

    Args:
      sources: folders of stored features of source people, one for each seed.
      targets: those of the target people, in the same order; no one may be in both folders of a pair.
      output: folder for the results.
      methods: names in `personal.registry.METHODS`; () for all of them.
      shares: fractions of a target person's frames that are learned from.
      neutral_seconds: length of the segment at the beginning of each recording in which the person looks neutral.
    """
    names, shares = _method_names(methods), _shares(shares)
    if len(sources) != len(targets):
        raise UsageError(
            f"--sources was given {len(sources)} times and --targets {len(targets)} times; give one of each per network"
        )
    rows: list[Row] = []
    for seed, folders in enumerate(zip(sources, targets, strict=True)):
        try:
            pair = read_pair(*folders, neutral_seconds, seed)
        except (FileNotFoundError, ValueError) as error:
            raise UsageError(str(error)) from error
        if is_intensity(pair.quantities):
            raise UsageError(f"{folders[0]} holds features of intensity; compare with launch.calibrate_intensity")
        logging.info("seed %d: %d sources, %d targets", seed, len(pair.sources.subjects), len(pair.people))
        for name in names:
            rows += _run(name, pair, shares, output / "parts", asked=name in methods)
    return _write(rows, output)


def _run(name: str, pair: Pair, shares: Sequence[float], parts: pathlib.Path, asked: bool) -> list[Row]:
    """Rows of a method; none, with a warning, if it does not suit the network and was not asked for by name.

    UsageError if it was, and for the network as it is, with which all others are compared.
    """
    try:
        return run_method(name, pair, protocols(shares, pair.has_neutral), parts)
    except ValueError as error:
        if asked or name == BASE:
            raise UsageError(f"--methods: {error}") from error
        logging.warning("%s is left out: %s", name, error)
        return []


def _method_names(methods: Sequence[str]) -> list[str]:
    """The base first, as all others are compared with it."""
    for name in methods:
        lookup(METHODS, name, "--methods")
    return list(dict.fromkeys([BASE, *(methods or METHODS)]))


def _shares(shares: Sequence[float]) -> list[float]:
    if not shares:
        raise UsageError("--shares is empty: give fractions of a person's frames, such as --shares=0.01,0.05")
    for share in shares:
        if not 0 <= share <= LARGEST_SHARE:
            raise UsageError(
                f"--shares={share:g}: expected fractions from 0 to {LARGEST_SHARE:g}, the share of frames that is "
                "never scored"
            )
    return sorted({0.0, *shares})


def _write(rows: Sequence[Row], output: pathlib.Path) -> str:
    output.mkdir(parents=True, exist_ok=True)
    write_csv(rows, output / "adaptation.csv")
    lines = summarize(rows)
    write_csv(lines, output / "summary.csv")
    draw_adaptation(lines, output / "adaptation.png")
    with open_atomically(output / "summary.md") as file:
        file.write(_page(lines, rows))
    return text_table(score_table(lines, *_headline(lines)))


def _headline(lines: Sequence[Mapping[str, object]]) -> Setting:
    """Labels of a block of 5 % of the frames, or of the share nearest to it, and a neutral face if there is one.

    No labels at all if 0 is the only share.
    """
    neutral = max(str(line["neutral"]) for line in lines)
    shares = {float(str(line["share"])) for line in lines} - {0.0}
    if not shares:
        return "none", neutral, 0.0
    return "block", neutral, min(sorted(shares), key=lambda share: abs(share - HEADLINE_SHARE))


def _page(lines: Sequence[Mapping[str, object]], rows: Sequence[Row]) -> str:
    share = _headline(lines)[2]
    parts = [
        "Means over people with 95 % bootstrap intervals over people; each score is the mean of valence and arousal."
    ]
    for neutral, words in (("0", ""), ("1", ", with a neutral face")):
        for protocol, place in (("random", "at random times"), ("block", "in a block")):
            if share and (table := score_table(lines, protocol, neutral, share)):
                parts += [f"## Labels of {share:.0%} of the frames, {place}{words}", markdown_table(table)]
    if table := score_table(lines, "none", "1", 0.0):
        parts += ["## A neutral face only", markdown_table(table)]
    if table := question_table(rows):
        parts += ["## Differences of the mean CCC by person", markdown_table(table)]
    for title, table in share_tables(lines).items():
        parts += [f"## Mean CCC by share: {title}", markdown_table(table)]
    return "\n\n".join(parts) + "\n"
