"""The command line: help, refusals, exit codes."""

import pytest

from models.training.__main__ import TOOLS, main


def test_help_tells_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    assert "--label_smooth_factor" in capsys.readouterr().out


def test_an_unknown_flag_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--max_epochs", "3"]) == 1
    assert capsys.readouterr().err == "The flag --max_epochs is unknown. Did you mean max_epoch?\n"


@pytest.mark.parametrize("command", ["eval", "export"])
def test_a_checkpoint_is_needed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command]) == 1
    assert "--checkpoint_file_path FILE.ckpt" in capsys.readouterr().err


def test_a_wrong_data_path_says_what_to_do(tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path_factory.mktemp("none")
    assert main(["train", f"--data_path={folder / 'absent'}", f"--outputs_dir={folder / 'run'}"]) == 1
    assert str(folder / "absent") in capsys.readouterr().err


def test_words_too_many() -> None:
    with pytest.raises(SystemExit):
        main(["train", "now"])


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_has_its_help(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([tool, "--help"])
    assert stop.value.code == 0
    assert f"python -m models.training {tool}" in capsys.readouterr().out
