"""sweep.json: what a sweep trains and evaluates, checked before anything starts and read by all of its workers."""

import copy
import dataclasses
import json
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from affect_jax.experiment.config.claim import CONFIG, differences, require_same_config
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.names import did_you_mean, dotted_names
from affect_jax.experiment.config.options import Options, as_dict, parse
from affect_jax.experiment.config.space import Choice, Point, Range, Search
from affect_jax.files.atomic import open_atomically
from affect_jax.files.json_files import read_object

FILE = "sweep.json"
LABEL = "label"  # of a point: names it in the table, and is no option
OTHER_RUN = re.compile(r"\{sweep\}/(\d+)")  # another run of the same sweep, in the value of an option
SELECTION = "train.best"  # the score that a search improves


@dataclasses.dataclass(frozen=True)
class FinalEvaluation:
    """The data set that every finished run is evaluated on; see `evaluate.evaluate_run`."""

    data: str
    root: str = ""
    split: str = "test"
    settings: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Plan:
    """A config, and the points at which it is trained: listed, or found by a search."""

    config: Mapping[str, Any]
    tried: Sequence[Point] | Search
    final: FinalEvaluation | None = None

    @property
    def fields(self) -> list[str]:
        """The options that differ between trials, without the label."""
        if isinstance(self.tried, Search):
            return list(self.tried.fields)
        return list(dict.fromkeys(name for point in self.tried for name in point if name != LABEL))

    def config_at(self, point: Point, workdir: pathlib.Path) -> dict[str, Any]:
        """The config at a point of the sweep in `workdir`, which "{sweep}" stands for; UsageError if it has none."""
        changed = copy.deepcopy(dict(self.config))
        for name, value in point.items():
            if name != LABEL:
                _set(changed, name, value.replace("{sweep}", str(workdir)) if isinstance(value, str) else value)
        return as_dict(changed)

    def options_at(self, point: Point, workdir: pathlib.Path) -> Options:
        """The typed options at a point; UsageError names the point and the option that is wrong."""
        try:
            return parse(self.config_at(point, workdir))
        except UsageError as error:
            raise UsageError(f"sweep point {dict(point)}: {error}") from error


def make_plan(
    config: Any, tried: Sequence[Point] | Search, final: FinalEvaluation | None, workdir: pathlib.Path
) -> Plan:
    """A plan whose every value fits its option; UsageError names the first that does not."""
    plan = Plan(as_dict(config), tried if isinstance(tried, Search) else [dict(point) for point in tried], final)
    if not tried:
        raise UsageError("the sweep has no points; there is nothing to train")
    for point in _probes(tried):
        plan.options_at(point, workdir)
    if isinstance(tried, Search) and SELECTION in tried.fields:
        raise UsageError(f"a search compares its trials by '{SELECTION}', so it cannot vary it")
    return _as_read(plan)


def write_plan(plan: Plan, workdir: pathlib.Path) -> None:
    """Writes sweep.json; UsageError if the folder holds runs, or a search, that this plan would not make."""
    path = workdir / FILE
    if isinstance(plan.tried, Search):
        if path.is_file():
            _require_same_search(read_plan(workdir), plan, workdir)
    else:
        for number, point in enumerate(plan.tried):
            if (workdir / f"{number:03d}" / CONFIG).is_file():
                require_same_config(workdir / f"{number:03d}", plan.config_at(point, workdir))
    with open_atomically(path) as file:
        file.write(json.dumps(_as_json(plan), indent=1) + "\n")


def read_plan(workdir: pathlib.Path) -> Plan:
    """Reads sweep.json; UsageError if there is none, or if it is damaged."""
    path = workdir / FILE
    if not path.is_file():
        raise UsageError(f"{workdir} holds no {FILE}; begin the sweep with --config and --sweep")
    try:
        content = read_object(path, "begin the sweep again with --config and --sweep")
    except ValueError as error:
        raise UsageError(str(error)) from error
    return _from_json(content)


def _set(config: dict[str, Any], name: str, value: Any) -> None:
    """Replaces an option by its dotted name; UsageError with the nearest one if there is none."""
    section, known = config, dotted_names(config)
    *parts, last = name.split(".")
    for part in parts:
        section = section.get(part, {}) if isinstance(section, dict) else {}
    if not isinstance(section, dict) or last not in section:
        hint = did_you_mean(name, known) or "; python -m launch.options --config=FILE lists them"
        raise UsageError(f"config has no option '{name}'{hint}")
    section[last] = value


def _probes(tried: Sequence[Point] | Search) -> list[Point]:
    """Points that together show every value that is to be tried; for a search, each field by itself."""
    if not isinstance(tried, Search):
        return list(tried)
    return [{name: value} for name, values in tried.fields.items() for value in values.probes()]


def _require_same_search(before: Plan, now: Plan, workdir: pathlib.Path) -> None:
    """UsageError if finished trials could not be compared with those to come; number and evaluation may differ."""
    old, new = _as_json(before), _as_json(now)
    for plan in (old, new):
        (plan.get("search") or {}).pop("trials", None)
        plan.pop("final")
    if changed := differences(old, new):
        raise UsageError(
            f"{workdir} holds a sweep of another kind ({'; '.join(changed[:3])}). Choose another --workdir, or give "
            "the same command to resume it"
        )


def _as_json(plan: Plan) -> dict[str, Any]:
    final = dataclasses.asdict(plan.final) if plan.final else None
    shared = {"config": plan.config, "final": final}
    if not isinstance(plan.tried, Search):
        return json.loads(json.dumps({"points": plan.tried, **shared}))
    fields = {name: dataclasses.asdict(values) for name, values in plan.tried.fields.items()}
    search = {field.name: getattr(plan.tried, field.name) for field in dataclasses.fields(plan.tried)}
    return json.loads(json.dumps({"search": {**search, "fields": fields}, **shared}))


def _from_json(content: Mapping[str, Any]) -> Plan:
    final = FinalEvaluation(**content["final"]) if content["final"] else None
    if "points" in content:
        points = [{name: _tuples(value) for name, value in point.items()} for point in content["points"]]
        return Plan(content["config"], points, final)
    search = dict(content["search"])
    kind = lambda values: Choice(_tuples(values["values"])) if "values" in values else Range(**values)
    fields = {name: kind(values) for name, values in search.pop("fields").items()}
    return Plan(content["config"], Search(fields, **search), final)


def _as_read(plan: Plan) -> Plan:
    """The plan as its workers read it, so that all write the same table."""
    return _from_json(_as_json(plan))


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
