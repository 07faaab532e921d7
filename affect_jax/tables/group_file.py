"""Which person belongs to which group: a small CSV file with the columns subject and group."""

import pathlib

from affect_jax.files.delimited import read_delimited

COLUMNS = ("subject", "group")
EXAMPLE = "a first row subject,group and a row for each person, such as anna,patients"


def read_groups(path: pathlib.Path) -> dict[str, str]:
    """The group of each subject, in the order of the file.

    FileNotFoundError; ValueError names the row that is wrong, a subject in two groups, and what is not two groups.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}; expected {EXAMPLE}")
    rows = read_delimited(path, COLUMNS)
    names = [cell.strip().lower() for cell in next(rows, (0, []))[1]]
    if missing := [name for name in COLUMNS if name not in names]:
        shown = ascii(", ".join(names))[:60] if names else "missing"
        raise ValueError(f"{path} has no column '{missing[0]}'; expected {EXAMPLE}; its first row is {shown}")
    if repeated := [name for name in COLUMNS if names.count(name) > 1]:
        raise ValueError(f"{path} has two columns '{repeated[0]}'; remove one of them")
    places = [names.index(name) for name in COLUMNS]
    found: dict[str, str] = {}
    for line, cells in rows:
        if len(cells) != len(names):
            raise ValueError(f"{path}, row {line}: {len(cells)} cells, expected {len(names)} ({', '.join(names)})")
        subject, group = (cells[place].strip() for place in places)
        if not subject or not group:
            raise ValueError(f"{path}, row {line}: the {'group' if subject else 'subject'} is empty; expected both")
        if found.setdefault(subject, group) != group:
            raise ValueError(
                f"{path}, row {line}: {subject} is in the group '{group}' and in '{found[subject]}'; a person can be "
                "in one group only"
            )
    groups = list(dict.fromkeys(found.values()))
    if len(groups) != 2:
        listed = ", ".join(groups[:6]) + ", ..." * (len(groups) > 6) if groups else "none"
        raise ValueError(f"{path} has {len(groups)} groups ({listed}); expected two: leave out the rows of others")
    return found
