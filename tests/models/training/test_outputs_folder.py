"""The folder of a run: log, kept configuration, and what a resumed run may change."""

import logging
from pathlib import Path

import pytest

from models.training.outputs_folder import folder_of, keep_config, open_run, resumed_config
from models.training.training_config import load_config
from models.training.training_errors import CheckpointUnfit, ConfigInvalid


def kept(folder: Path, **flags: str) -> Path:
    config = load_config(None, {"outputs_dir": str(folder), **flags})
    keep_config(config, open_run(config, 0))
    return folder


def test_log_and_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(tmp_path / "run", lr="0.3", log_path=str(tmp_path / "logs"))
    logging.getLogger("models.training.training").info("epoch[%d]", 1)
    (log,) = (tmp_path / "logs").iterdir()
    assert log.name.endswith("_rank_0.log")
    assert log.read_text().endswith(":INFO:epoch[1]\n")
    assert capsys.readouterr().out == log.read_text()
    assert load_config(tmp_path / "run" / "config.yaml").lr == 0.3


def test_the_other_processes_are_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_run(load_config(None, {"outputs_dir": str(tmp_path)}), 1)
    logging.getLogger("models.training.training").info("hello")
    assert capsys.readouterr().out == ""


def test_a_resumed_run_has_the_configuration_of_the_first(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", lr="0.3", max_epoch="9", ckpt_interval="2")
    flags = {"resume": str(run), "ckpt_interval": "1"}
    found = resumed_config(load_config(None, flags), flags, None)
    assert (found.lr, found.max_epoch, found.ckpt_interval, found.outputs_dir) == (0.3, 9, 1, str(run))


def test_what_would_change_the_curve_is_refused(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", lr="0.3")
    for flags in ({"lr": "0.2"}, {"seed": "2"}, {"max_epoch": "3"}, {"network": "resnext50"}):
        with pytest.raises(ConfigInvalid, match=f"{next(iter(flags))} was .*, is"):
            resumed_config(load_config(None, {"resume": str(run), **flags}), {"resume": str(run), **flags}, None)


def test_a_run_can_be_named_by_its_parts(tmp_path: Path) -> None:
    run = kept(tmp_path / "run")
    assert folder_of(run) == folder_of(run / "ckpt_0") == folder_of(run / "ckpt_0" / "0-1_2.ckpt") == run
    with pytest.raises(CheckpointUnfit):
        folder_of(tmp_path)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigInvalid, match="cannot be created"):
        open_run(load_config(None, {"outputs_dir": str(tmp_path / "file" / "run")}), 0)
