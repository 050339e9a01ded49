from pathlib import Path

import pytest

from models.training.modelarts.job import downloaded_checkpoint
from models.training.training_errors import CheckpointUnfit


def test_the_checkpoint_of_a_download(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.ckpt").touch()
    assert downloaded_checkpoint(tmp_path, "") == tmp_path / "a/1.ckpt"
    (tmp_path / "2.ckpt").touch()
    assert downloaded_checkpoint(tmp_path, "weights/2.ckpt") == tmp_path / "2.ckpt"
    with pytest.raises(CheckpointUnfit, match=r"holds 2 checkpoints\. Choose one"):
        downloaded_checkpoint(tmp_path, "")
    with pytest.raises(CheckpointUnfit, match=r"holds 0 checkpoints 3\.ckpt\."):
        downloaded_checkpoint(tmp_path, "3.ckpt")
