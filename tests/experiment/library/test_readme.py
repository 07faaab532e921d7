"""The examples of the README run, in its order, where a quickstart has run."""

import pathlib
import re
import shutil

import cv2

README = pathlib.Path(__file__).parents[3] / "README.md"


def test_the_examples_of_the_readme_run(static_run, evaluation, film, tmp_path, monkeypatch, capsys):
    section = README.read_text(encoding="utf-8").partition("\n## As a library\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2 and all(block.count("\n") <= 10 for block in blocks)
    workdir = tmp_path / "runs" / "quickstart" / "static"
    shutil.copytree(static_run, workdir)
    shutil.copytree(evaluation, workdir / "evaluation" / "held_out", ignore=shutil.ignore_patterns("runs"))
    (tmp_path / "runs" / "quickstart" / "rendered").mkdir()
    shutil.move(film, tmp_path / "runs" / "quickstart" / "rendered" / "crops.mp4")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    printed = capsys.readouterr().out
    assert printed.startswith("Model static@") and "shape: (10, 5)" in printed and "'ccc/valence': " in printed
    assert names["table"].columns[:4] == ["source", "subject", "clip", "frame"]
    assert cv2.imread("crops.png").shape == (520, 1100, 3)
