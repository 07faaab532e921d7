"""What the package imports is what pyproject.toml declares."""

import ast
import pathlib
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

import affect_jax

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = ("affect_jax", "configs", "launch")
LATE = ("polars",)  # required, but 0.1 s to import, so that only functions that need it do
WHOLLY_EXTRA = ("launch/torch_reference.py",)  # imported by a function, where its extra is installed


def normalized(requirement: str) -> str:
    """The name of a distribution out of a requirement, in the form in which names are compared."""
    name = re.match(r"[\w.-]+", requirement)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIRED = {normalized(each) for each in PROJECT["dependencies"]}
EXTRAS = {normalized(each) for extra in PROJECT["optional-dependencies"].values() for each in extra} - REQUIRED


def imports(tree: ast.AST, inside_function: bool = False):
    """(top-level module, whether a function imports it) of every import of a file."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], inside_function) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0], inside_function
        yield from imports(node, inside_function or isinstance(node, ast.FunctionDef))


def third_party():
    """(path, module, whether a function imports it) of every import from outside the package and Python."""
    known = {*PACKAGES, *sys.stdlib_module_names}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for module, inside in imports(ast.parse(path.read_text())):
                if module not in known:
                    yield path.relative_to(ROOT).as_posix(), module, inside


DISTRIBUTIONS = packages_distributions()


def distributions(module: str) -> set[str]:
    """Which distributions give a module; by its own name where it is not installed here."""
    return {normalized(name) for name in DISTRIBUTIONS.get(module, [module])}


def undeclared(found, required, extras):
    """A sentence for each import that pyproject.toml does not allow where it stands."""
    wrong = []
    for path, module, inside in found:
        names = distributions(module)
        if names & required:
            continue
        if not names & extras:
            wrong.append(f"{path} imports {module}, which pyproject.toml does not declare")
        elif not inside and path not in WHOLLY_EXTRA:
            wrong.append(f"{path} imports {module} of an extra outside a function")
    return wrong


def test_every_direct_import_is_declared_and_extras_are_imported_by_functions_only():
    assert not undeclared(third_party(), REQUIRED, EXTRAS)


def test_what_is_imported_late_is_imported_by_functions_only():
    found = [(path, module, inside) for path, module, inside in third_party() if module in LATE]
    assert found and not [path for path, _, inside in found if not inside]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import scipy.stats", "made.py imports scipy, which pyproject.toml does not declare"),
        ("def late():\n  from scipy import stats", "made.py imports scipy, which pyproject.toml does not declare"),
        ("import tensorly", "made.py imports tensorly of an extra outside a function"),
        ("def late():\n  import tensorly", None),
        ("from PIL import Image", None),
        ("class Made:\n  import cv2", None),
    ],
)
def test_an_import_that_is_not_declared_is_named(line, message):
    found = [("made.py", module, inside) for module, inside in imports(ast.parse(line))]
    assert undeclared(found, REQUIRED - {"scipy"}, EXTRAS - {"scipy"}) == ([message] if message else [])


def test_every_required_distribution_is_imported_or_says_why_it_is_needed():
    used = {name for _, module, _ in third_party() for name in distributions(module)}
    assert sorted(REQUIRED - used) == ["importlib-resources"]  # tensorflow-datasets imports it


def test_the_version_is_written_once_and_cited():
    assert PROJECT["dynamic"] == ["version"] and "version" not in PROJECT
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    latest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert cited[1] == latest[1] == affect_jax.__version__
