"""Orbax's manager: the handler that writes from one device is registered once, however often checkpoints are opened."""

import jax
import orbax.checkpoint as ocp

from affect_jax.train.manager import open_manager, saved_steps


def test_opening_checkpoints_again_registers_no_second_handler(tmp_path, caplog):
    open_manager(tmp_path / "one", lambda: None).close()
    handler = ocp.type_handlers.get_type_handler(jax.Array)
    caplog.clear()
    open_manager(tmp_path / "two", lambda: None).close()
    assert ocp.type_handlers.get_type_handler(jax.Array) is handler and "overriding" not in caplog.text


def test_only_folders_of_steps_are_counted_in_order(tmp_path):
    for name in ("10", "9", "11.orbax-checkpoint-tmp", "damaged"):
        (tmp_path / name).mkdir()
    assert saved_steps(tmp_path) == [9, 10] and saved_steps(tmp_path / "none") == []
