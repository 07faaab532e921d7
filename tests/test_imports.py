"""Imports point down two lists: that of the packages, and that of the parts of experiment/."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).parents[1]
MAY_IMPORT = {
    "types": set(),
    "emotions": set(),
    "files": {"types"},
    "ops": {"types"},
    "metrics": {"types"},
    "losses": {"types", "ops"},
    "nn": {"types", "ops"},
    "quantities": {"types", "emotions", "ops", "metrics"},
    "faces": {"types", "ops", "files"},
    "models": {"types", "emotions", "ops", "nn"},
    "data": {"types", "emotions", "ops", "files", "quantities", "tables"},
    "tasks": {"types", "emotions", "ops", "losses", "quantities"},
    "infer": {"types", "ops", "nn", "files"},
    "train": {"types", "ops", "nn", "files"},
    "tables": {"types", "emotions", "files", "quantities", "convert"},
    "draw": {"types"},
    "evaluate": {"types", "ops", "metrics", "files", "quantities", "tables"},
    "predict": {"types", "ops", "faces", "files", "quantities", "tables", "draw", "personal"},
    "convert": {"types", "ops", "files"},
    "personal": {"types", "ops", "metrics", "files", "quantities", "tables", "convert", "nn", "models", "faces"},
    "report": {"types", "metrics", "files", "quantities", "tables", "draw"},
}
# The inside of experiment/, from the bottom up; a part may be a module or a package.
EXPERIMENT_MAY_IMPORT = {
    "config": set(),
    "allocator": set(),
    "quiet": set(),
    "root_logging": set(),
    "selftest": {"config"},
    "arguments": {"config"},
    "cli": {"config", "allocator", "quiet", "arguments"},
    "announce": {"config"},
    "processes": {"config", "cli"},
    "report": {"config"},
    "given_tables": {"config"},
    "drift": {"config", "given_tables"},
    "group_results": set(),
    "compare_groups": {"config", "given_tables", "group_results"},
    "labels": set(),
    "persons": {"config"},
    "forget": {"config"},
    "view": {"config"},
    "import_lists": {"config"},
    "faces_report": {"config"},
    "find_faces": {"config", "faces_report"},
    "face_sizes": {"config"},
    "data": {"config", "face_sizes"},
    "prepare_data": {"config", "data"},
    "window_levels": {"config", "data"},
    "splits": {"config"},
    "network": {"config"},
    "costs": {"config", "network"},
    "plain_folder": {"config"},
    "restore": {"config", "network", "plain_folder"},
    "flip_averaging": {"config"},
    "idle": {"config"},
    "task": {"config", "restore"},
    "experts_record": {"config"},
    "run": {"config", "data", "network", "task"},
    "same_command": {"config", "run"},
    "same_data": {"config", "run"},
    "environment": set(),
    "run_card": {"config", "environment", "plain_folder", "restore", "run", "same_data"},
    "evaluations": {"config", "run"},
    "experts": {"config", "experts_record", "run"},
    "derive": {"config", "network", "costs", "restore", "experts_record"},
    "initialize": {"config", "restore", "experts_record", "derive"},
    "other_runs": {"config", "restore", "run", "derive"},
    "clip_checks": {"config", "run"},
    "refuse": {"config", "splits", "plain_folder", "restore", "task", "run", "derive", "other_runs", "clip_checks"},
    "train": {
        "config",
        "announce",
        "data",
        "run",
        "same_command",
        "same_data",
        "run_card",
        "evaluations",
        "experts",
        "initialize",
        "refuse",
        "idle",
    },
    "inspect": {"config", "network", "task", "run", "refuse"},
    "reproduce": {"config", "run_card", "train"},
    "evaluate": {"config", "data", "splits", "network", "restore", "flip_averaging"},
    "attention": {"config", "data", "network", "restore", "evaluate"},
    "predictor": {"config", "restore", "flip_averaging"},
    "predict": {"config", "persons", "predictor"},
    "features": {"config", "data", "network", "restore", "evaluate", "predictor", "predict"},
    "lesson": {"config"},
    "learning": {"config", "labels", "lesson"},
    "adapt": {"config", "restore", "predict", "features", "lesson", "learning"},
    "prediction_flags": {"config"},
    "export": {"config", "plain_folder", "restore"},
    "live": {"config", "persons", "predictor", "predict"},
    "library": {"root_logging", "labels", "restore", "predictor"},
    "sbatch": {"config"},
    "study": {"config", "data", "network", "costs", "restore", "task", "evaluate", "sbatch"},
    "cluster": {"config", "sbatch"},
}


def imported_modules(path: pathlib.Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_package_imports_only_what_lies_below_it():
    wrong = []
    for path in sorted((ROOT / "affect_jax").rglob("*.py")):
        layer = path.relative_to(ROOT / "affect_jax").parts[0].removesuffix(".py")
        if layer in ("__init__", "experiment"):
            continue
        for name in imported_modules(path):
            parts = name.split(".")
            if parts[0] == "affect_jax" and len(parts) > 1 and parts[1] != layer and parts[1] not in MAY_IMPORT[layer]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
            if parts[0] in ("ml_collections", "configs", "launch", "tensorflow", "torch", "pickle"):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_every_part_of_experiment_imports_only_what_lies_below_it():
    """config < data, network < restore < task < run < derive < refuse < train, evaluate, predict < study.

    `restore` is below `task` and `run`: a task may learn from a teacher, which is a restored run, while restoring a
    trained network takes its options and weights but no training data. `derive` is below `refuse` and `train`, because
    a run may start from an inflated network.
    """
    folder = ROOT / "affect_jax" / "experiment"
    wrong = []
    for path in sorted(folder.rglob("*.py")):
        part = path.relative_to(folder).parts[0].removesuffix(".py")
        if part == "__init__":
            continue
        for name in imported_modules(path):
            imported = experiment_part(name)
            if imported not in (None, part) and imported not in EXPERIMENT_MAY_IMPORT[part]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
            if name.split(".")[0] in ("configs", "launch", "tensorflow", "torch", "pickle"):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(wrong)


def experiment_part(name: str) -> str | None:
    """The part of experiment/ that an import refers to, if any."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["affect_jax", "experiment"] and len(parts) > 2 else None


def test_the_table_of_experiment_is_listed_from_the_bottom_up():
    listed = set()
    for part, below in EXPERIMENT_MAY_IMPORT.items():
        assert below <= listed, f"{part} may import {below - listed}, which is listed above it"
        listed.add(part)
