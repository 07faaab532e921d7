"""--set=NAME=VALUE: what is wrong is reported as it is written on the command line."""

import pytest

from affect_jax.experiment import evaluate
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.config.settings import parse_settings
from configs import quickstart

WRONG = {
    "subject=3": r"--set has no option 'subject'; did you mean --set=subjects\?",
    "subjects=many": r"--set=subjects is 'many'; expected a whole number",
    "frames=0": r"frames is 0; expected a number from 1",
    "fps=NaN": r"--set=fps is nan; expected a finite number",
    "fold.off=5": r"--set=fold has no option 'off'; did you mean --set=fold\.of\?",
    "fold=5": r"--set=fold=5: fold is a section; set its options, such as fold\.of=5",
    "subjects": r"--set=subjects: expected name=value",
}


def test_a_list_is_shown_as_it_is_written():
    run = parse(quickstart.get_config("static"))
    message = r"""--set=sources is 'P16,P17'; expected a list whose entries are each a string, as in \["P16", "P17"]$"""
    with pytest.raises(UsageError, match=message):
        evaluate.evaluation_source(run, "recola", "/recola", "test", ["sources=P16,P17"])


@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_setting_names_the_flag_that_is_right(setting):
    run = parse(quickstart.get_config("static"))
    with pytest.raises(UsageError, match=WRONG[setting]):
        evaluate.evaluation_source(run, "rendered", "", "test", [setting])


def test_a_data_set_that_needs_a_folder_is_not_read_from_the_current_one():
    run = parse(quickstart.get_config("static"))
    with pytest.raises(UsageError, match="--data_root is empty; expected the folder of the data set"):
        evaluate.evaluation_source(run, "folder", "", "", ["root="])


def test_a_tilde_is_expanded_in_settings(monkeypatch):
    monkeypatch.setenv("HOME", "/home/user")
    assert parse_settings(["root=~/a", "fold.of=3"])[""] == {"root": "/home/user/a"}
