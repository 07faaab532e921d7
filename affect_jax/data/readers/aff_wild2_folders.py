"""Where the annotations of Aff-Wild2 lie: folders of challenges and splits, by the names of every known year."""

import pathlib
import re
from collections.abc import Sequence

from absl import logging

from affect_jax.data.readers.traces import resolve_split
from affect_jax.data.whereabouts import elsewhere, has_hidden_part, log_left_out, visible_files, visible_folders

SPLITS = {"training": ("Train_Set", "Training_Set"), "validation": ("Validation_Set",)}
CHALLENGES = {
    "VA": ("VA_Estimation_Challenge", "VA_Set"),
    "EXPR": ("EXPR_Recognition_Challenge", "EXPR_Classification_Challenge", "EXPR_Set"),
}
TEST = "Test_Set"  # its labels were not released
WORDS = {"VA": ("va", "valence"), "EXPR": ("expr", "expression")}  # in the names of challenges of other years
LEVELS = ("", "*/", "*/*/")  # folders between root and those of a challenge

Files = dict[str, dict[str, pathlib.Path]]  # of labels, by challenge and video


def find_annotations(root: pathlib.Path, annotations: str, challenges: Sequence[str], split: str) -> Files:
    """Finds the label files of a split; warns about those under unknown names, and about videos of two splits.

    `annotations` is the folder below root with those of the challenges. ValueError if there are several;
    FileNotFoundError if no challenge has a file.
    """
    top = root / annotations
    files = {kind: _files(root, top, kind, split) for kind in challenges}
    unknown = _unknown_challenges(top, [kind for kind in challenges if not files[kind]])
    unknown_splits = _unknown_splits(top, challenges)
    names = set().union(*files.values())
    if not names:
        expected = f"{CHALLENGES[challenges[0]][0]}/{resolve_split(split, SPLITS)[0]}/video1.txt"
        raise FileNotFoundError(
            f"no annotations of split '{split}' in {root}, expected files such as {expected}"
            + "".join(f"; {folder} has another name: rename it" for folder in (unknown_splits + unknown)[:1])
            + elsewhere(root, lambda top: any(_folders(top, kind, split) for kind in challenges))
        )
    folders = [folder for kind in challenges for folder in _folders(top, kind, split)]
    others = [path for folder in folders for path in visible_files(folder) if path.suffix != ".txt"]
    log_left_out(
        root,
        {
            "folder of no known challenge": unknown,
            "folder of no known split": unknown_splits,
            "no .txt file of a video": others,
        },
    )
    _warn_of_shared_videos(root, top, challenges, split, names)
    return files


def _challenge_folders(top: pathlib.Path, kind: str) -> list[pathlib.Path]:
    """Finds the folders of a challenge, of any known year."""
    patterns = [f"{level}{challenge}" for level in LEVELS for challenge in CHALLENGES[kind]]
    found = [path for pattern in patterns for path in sorted(top.glob(pattern)) if path.is_dir()]
    return [folder for folder in found if not has_hidden_part(folder, top)]


def _folders(top: pathlib.Path, kind: str, split: str) -> list[pathlib.Path]:
    """Finds the folders of a split of a challenge, of any known year."""
    words = resolve_split(split, SPLITS)
    found = [folder / word for folder in _challenge_folders(top, kind) for word in words]
    return [folder for folder in found if folder.is_dir()]


def _files(root: pathlib.Path, top: pathlib.Path, kind: str, split: str) -> dict[str, pathlib.Path]:
    """Finds the label files of a split of a challenge, by video."""
    folders = _folders(top, kind, split)
    if len(folders) > 1:
        found = ", ".join(path.relative_to(root).as_posix() for path in folders)
        raise ValueError(f"{top} has {kind} annotations twice: {found}; set annotations to the folder of one year")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("[!.]*.txt"))}


def _unknown_splits(top: pathlib.Path, challenges: Sequence[str]) -> list[pathlib.Path]:
    """Finds folders of label files that lie where those of splits do, but are not named like one."""
    known = {TEST, *(word for words in SPLITS.values() for word in words)}
    found = []
    for folder in (folder for kind in challenges for folder in _challenge_folders(top, kind)):
        for below in visible_folders(folder):
            if below.name not in known and any(below.glob("[!.]*.txt")):
                found.append(below)
    return found


def _unknown_challenges(top: pathlib.Path, missing: Sequence[str]) -> list[pathlib.Path]:
    """Finds folders that are named like a challenge without labels, but not as in any known year."""
    known = {name for names in CHALLENGES.values() for name in names}
    folders = visible_folders(top)
    for above in visible_folders(top):
        folders += visible_folders(above)
    found = []
    for folder in folders:
        words = re.split(r"[^a-z]+", folder.name.lower())
        if folder.name not in known and any(set(WORDS[kind]) & set(words) for kind in missing):
            found.append(folder)
    return found


def _warn_of_shared_videos(
    root: pathlib.Path, top: pathlib.Path, challenges: Sequence[str], split: str, names: set[str]
) -> None:
    """Warns about videos that the challenges assign to different splits."""
    for other in SPLITS:
        if SPLITS[other] != resolve_split(split, SPLITS):
            other_names = set().union(*(_files(root, top, kind, other) for kind in challenges))
            if shared := sorted(names & other_names):
                logging.warning(
                    "%s: of %d videos of split '%s', %d are also in '%s' of the other challenge, such as %s; "
                    "choose one of the challenges",
                    root,
                    len(names),
                    split,
                    len(shared),
                    other,
                    shared[0],
                )
