"""Lists the commands: python -m launch."""

import ast
import pathlib
import sys

import affect_jax

GROUPS = {
    "Train": ("train", "options", "inspect", "reproduce", "selftest", "cluster"),
    "Evaluate": ("evaluate", "report", "attention"),
    "Predict": ("predict", "live", "view"),
    "Adapt to a person": ("features", "adapt", "forget", "drift"),
    "Use elsewhere": ("export",),
    "Derive a network from another": ("inflate", "certify", "factorize", "prune", "join_experts", "convert"),
    "Study people": ("compare_groups",),
    "Study many runs": ("sweep", "compare_sweeps", "compare_adaptation", "calibrate_intensity", "fine_tune_whole"),
    "Data": ("prepare_data", "find_faces", "import_lists", "render_faces", "window_levels"),
}
FOLDER = pathlib.Path(__file__).parent


def summary(command: str) -> str:
    """The first line of a command's docstring, read without importing the command."""
    source = (FOLDER / f"{command}.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return docstring.partition("\n")[0]


def listing() -> str:
    """All commands by group, one line each."""
    lines = [
        "Run a command with --help to see its options, as in python -m launch.train --help.",
        "-h is short for --help; --version shows the version.",
    ]
    for title, commands in GROUPS.items():
        lines += ["", title]
        lines += [f"  launch.{command:<20} {summary(command)}" for command in commands]
    return "\n".join(lines)


def main(words: list[str]) -> int:
    """Prints the commands; returns 2 for an unknown option."""
    if not words or words[0] in ("--help", "-h"):
        print(listing())
        return 0
    if words[0] == "--version":
        print(f"affect_jax {affect_jax.__version__}")
        return 0
    known = [command for commands in GROUPS.values() for command in commands]
    hint = f"python -m launch.{words[0]}" if words[0] in known else "python -m launch, which lists the commands"
    sys.stderr.write(f"error: '{words[0]}' is not an option of python -m launch; run {hint}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
