"""Imports point down the list of the design."""

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
    "data": {"types", "emotions", "ops", "files", "quantities"},
    "tasks": {"types", "emotions", "ops", "losses", "quantities"},
    "infer": {"types", "ops", "nn", "files"},
    "train": {"types", "ops", "nn", "files"},
    "tables": {"types", "files", "quantities"},
    "draw": {"types"},
    "evaluate": {"types", "ops", "metrics", "files", "quantities", "tables"},
    "predict": {"types", "ops", "faces", "files", "quantities", "tables", "draw"},
    "convert": {"types", "ops", "files"},
    "report": {"types", "metrics", "files", "quantities", "tables", "draw"},
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
