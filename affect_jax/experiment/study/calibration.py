"""Compares ways of calibrating intensity to new people by their neutral face: scores by person, iterations, layers."""

import csv
import pathlib
from collections.abc import Sequence

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import lookup
from affect_jax.experiment.study.adaptation_pair import Pair, read_pair
from affect_jax.experiment.study.adaptation_runs import Adapted, Row, rows_of, run_method
from affect_jax.experiment.study.neutral_segments import require_neutral_segments, warn_of_faces_that_move
from affect_jax.files.atomic import open_atomically, write_csv
from affect_jax.personal.adaptive_learning import RATES, STOPS, AdaptiveLearning
from affect_jax.personal.method import FRAMES, NEUTRAL
from affect_jax.personal.outputs import is_intensity
from affect_jax.personal.protocol import NEUTRAL_ONLY, Protocol
from affect_jax.personal.registry import METHODS
from affect_jax.report.calibration import BASE, RIVALS, difference_table, score_table, summarize
from affect_jax.report.sections.calibration import draw_calibration
from affect_jax.report.tables import markdown_table, text_table

HEAD_LAYERS = ("output_bias", "output_.*", ".*")  # of `AdaptiveLearning`, from the fewest numbers to all


def calibrate_intensity(
    sources: Sequence[pathlib.Path],
    targets: Sequence[pathlib.Path],
    output: pathlib.Path,
    methods: Sequence[str] = (),
    emotions: Sequence[str] = (),
    share: float = 0.05,
    neutral_seconds: float = 3.0,
    whole: Sequence[pathlib.Path] = (),
) -> str:
    """Writes calibration.csv, iterations.csv, summary.csv, summary.md and calibration.png; returns the main table.

    Args:
      sources: folders of stored features of source people, one for each seed.
      targets: those of the target people, in the same order; no one may be in both folders of a pair.
      output: folder for the results; a method that its folder "parts" holds is not run again.
      methods: names in `personal.registry.METHODS`; () for all of them.
      emotions: whose intensities are adapted and scored; () for all that the network rates.
      share: fraction of a person's frames, in a block, that is labeled in the second comparison; 0 leaves it out.
      neutral_seconds: length of the segment at the beginning of each recording in which the person looks neutral.
      whole: tables of `launch.fine_tune_whole`, whose lines are put beside the others.
    """
    names = _method_names(methods)
    settings = [NEUTRAL_ONLY, *([_labeled(share)] if share else [])]
    if len(sources) != len(targets):
        raise UsageError(
            f"--sources was given {len(sources)} times and --targets {len(targets)} times; give one of each per network"
        )
    rows: list[Row] = []
    iterations: list[Row] = []
    for seed, folders in enumerate(zip(sources, targets, strict=True)):
        pair = _read(*folders, neutral_seconds, seed, emotions)
        for name in names:
            rows += _run(name, pair, settings, output / "parts", asked=name in methods)
        iterations += run_iterations(pair)
    return _write(rows, iterations, [row for path in whole for row in _read_whole(path)], output)


def _read(
    sources: pathlib.Path, targets: pathlib.Path, neutral_seconds: float, seed: int, emotions: Sequence[str]
) -> Pair:
    try:
        pair = read_pair(sources, targets, neutral_seconds, seed, [f"intensity_{emotion}" for emotion in emotions])
        if not is_intensity(pair.quantities):
            raise UsageError(f"{sources} holds no features of intensity; compare with launch.compare_adaptation")
        require_neutral_segments(pair.people, targets, neutral_seconds)
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(str(error)) from error
    warn_of_faces_that_move(pair.people, pair.quantities)
    logging.info("seed %d: %d sources, %d targets", seed, len(pair.sources.subjects), len(pair.people))
    return pair


def _run(name: str, pair: Pair, settings: Sequence[Protocol], parts: pathlib.Path, asked: bool) -> list[Row]:
    """Rows of a method in the settings that give it something, and of the network as it is in all of them.

    None, with a warning, if it does not suit the network and was not asked for by name.
    """
    needs = set(METHODS[name].needs)
    own = [each for each in settings if each.has_labels or name == BASE or {NEUTRAL, FRAMES} & needs]
    try:
        return run_method(name, pair, own, parts) if own else []
    except ValueError as error:
        if asked or name == BASE:
            raise UsageError(f"--methods: {error}") from error
        logging.warning("%s is left out: %s", name, error)
        return []


def run_iterations(pair: Pair) -> list[Row]:
    """Rows of adaptive learning from the neutral face alone, by layers of the head, learning rate and iterations."""
    head = pair.sources.head
    if head is None:
        logging.warning("iterations are left out: the stored features hold no layers of the network")
        return []
    rows = []
    for layers in HEAD_LAYERS if "hidden" in head.layers else HEAD_LAYERS[:-1]:
        method = AdaptiveLearning(layers=layers)
        adapted = Adapted(method, pair, method.prior(head, 0.0, 0))
        for rate in RATES:
            for iterations in STOPS[1:]:
                adapted.start_from(method.prior(head, rate, iterations))
                setting = {"iterations": str(iterations), "learning_rate": f"{rate:g}", "layers": layers}
                rows += [{**row, **setting} for row in rows_of(NEUTRAL_ONLY, pair, adapted)]
    return rows


def _method_names(methods: Sequence[str]) -> list[str]:
    """The base first, as all others are compared with it, and then the rivals."""
    for name in methods:
        lookup(METHODS, name, "--methods")
    return list(dict.fromkeys([BASE, *RIVALS, *(methods or METHODS)]))


def _labeled(share: float) -> Protocol:
    try:
        return Protocol("block", share, neutral=True)
    except ValueError as error:
        raise UsageError(f"--share={share:g}: {error}") from error


def _read_whole(path: pathlib.Path) -> list[Row]:
    try:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--whole={path} cannot be read: {error}") from error
    if not rows or not {"within_2/mean", "iterations", "learning_rate", "layers"} <= set(rows[0]):
        raise UsageError(f"--whole={path} is no table of launch.fine_tune_whole for intensities from a neutral face")
    return rows


def _write(rows: Sequence[Row], iterations: Sequence[Row], whole: Sequence[Row], output: pathlib.Path) -> str:
    output.mkdir(parents=True, exist_ok=True)
    write_csv(rows, output / "calibration.csv")
    write_csv([*iterations, *whole], output / "iterations.csv")
    neutral = [row for row in rows if row["protocol"] == NEUTRAL_ONLY.kind]
    lines = summarize(neutral)
    along = [line for line in summarize([*neutral, *iterations, *whole]) if line["iterations"]]
    labeled = summarize([row for row in rows if row["protocol"] != NEUTRAL_ONLY.kind])
    described = {"neutral": lines, "iterations": along, "labels": labeled}
    write_csv([{"given": given, **line} for given, each in described.items() for line in each], output / "summary.csv")
    draw_calibration(lines, along, neutral, output / "calibration.png")
    with open_atomically(output / "summary.md") as file:
        file.write(_page(lines, along, labeled))
    return text_table(score_table(lines))


def _page(lines: Sequence[dict], along: Sequence[dict], labeled: Sequence[dict]) -> str:
    parts = [
        "Means over people with 95 % bootstrap intervals over people. Frames in the neutral segment, or within a "
        "second of it, are never scored."
    ]
    for title, each in (("A neutral face only", lines), ("A neutral face and labels of a block", labeled)):
        if each:
            parts += [f"## {title}", markdown_table(score_table(each))]
        for other in (BASE, *RIVALS):
            if table := difference_table(each, other):
                parts += [f"### Difference to {other.replace('_', ' ')}, by person", markdown_table(table)]
    if along:
        parts += ["## By layers, learning rate and iterations", markdown_table(score_table(along))]
        parts += ["### Difference to none, by person", markdown_table(difference_table(along, BASE))]
    return "\n\n".join(parts) + "\n"
