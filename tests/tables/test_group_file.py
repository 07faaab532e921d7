"""The file that says who is in which group."""

import pytest

from affect_jax.tables.group_file import read_groups


def test_groups_are_read_in_their_order_however_a_spreadsheet_writes_them(tmp_path):
    path = tmp_path / "groups.csv"
    path.write_text(
        "age;Group;Subject\n31;patients;anna\n\n40;controls; ben \n22;patients;anna\n", encoding="utf-8-sig"
    )
    assert read_groups(path) == {"anna": "patients", "ben": "controls"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "subject,group\na,x\nb,y\na,y\n",
            r"groups.csv, row 4: a is in the group 'y' and in 'x'; a person can be in one",
        ),
        ("subject,group\na,x\nb\n", r"row 3: 1 cells, expected 2 \(subject, group\)"),
        ("subject,group\na,x\n,y\n", r"row 3: the subject is empty; expected both"),
        ("subject,group\na,\nb,y\n", r"row 2: the group is empty; expected both"),
        ("name,group\na,x\n", r"has no column 'subject'; expected a first row subject,group .* is 'name, group'"),
        ("", r"has no column 'subject'; .* its first row is missing"),
        ("subject,group,group\na,x,y\n", r"has two columns 'group'; remove one of them"),
        ("subject,group\na,x\nb,x\n", r"has 1 groups \(x\); expected two: leave out the rows of others"),
        ("subject,group\na,x\nb,y\nc,z\n", r"has 3 groups \(x, y, z\); expected two"),
        ("subject,group\n", r"has 0 groups \(none\); expected two"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path, text, message):
    path = tmp_path / "groups.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_groups(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file at .*none.csv; expected a first row subject,group"):
        read_groups(tmp_path / "none.csv")
