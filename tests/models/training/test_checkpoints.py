"""Checkpoints: what fits, what is left out, what is refused, what is kept."""

import stat
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest

from models.resnext import Architecture, ResNeXt
from models.training.checkpoints import Folder, load_weights, read_checkpoint, save_checkpoint
from models.training.training_errors import CheckpointUnfit
from models.whole_file import UNFINISHED


def network(classes: int = 3, width: int = 4, blocks: int = 1) -> ResNeXt:
    return ResNeXt(Architecture((blocks,), cardinality=2, base_width=width, planes=(64,), stem_width=8), classes)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    ms.set_seed(5)
    path = tmp_path / "one.ckpt"
    save_checkpoint(path, network().get_parameters())
    return path


def test_a_checkpoint_comes_back(saved: Path) -> None:
    found, other = read_checkpoint(saved), network()
    assert load_weights(other, saved) == []
    for parameter in other.get_parameters():
        np.testing.assert_array_equal(parameter.asnumpy(), found[parameter.name].asnumpy())
    assert [path.name for path in saved.parent.iterdir()] == ["one.ckpt"]
    assert saved.stat().st_mode & 0o777 == 0o640
    save_checkpoint(saved, other.get_parameters())  # over the former one


def test_another_number_of_classes_is_refused_or_leaves_out_the_head(saved: Path) -> None:
    other = network(classes=5)
    before = other.fc.weight.asnumpy().copy()
    with pytest.raises(CheckpointUnfit, match=r"fc\.bias \[3\] instead of \[5\].*filter_weight"):
        load_weights(other, saved)
    assert load_weights(other, saved, without_head=True) == ["fc.weight", "fc.bias"]
    np.testing.assert_array_equal(other.fc.weight.asnumpy(), before)
    np.testing.assert_array_equal(other.conv1.weight.asnumpy(), read_checkpoint(saved)["conv1.weight"].asnumpy())


@pytest.mark.parametrize(
    ("other", "told"),
    [({"blocks": 2}, r"missing: layer1\.1\.bn1\.beta.* and 11 more"), ({"width": 8}, r"layer1\.0\.bn1\.beta \[8\] instead of \[16\]")],
)
def test_another_architecture_is_refused_by_names(saved: Path, other: dict[str, int], told: str) -> None:
    built = network(**other)
    before = built.conv1.weight.asnumpy().copy()
    for without_head in (False, True):
        with pytest.raises(CheckpointUnfit, match=told):
            load_weights(built, saved, without_head=without_head)
    np.testing.assert_array_equal(built.conv1.weight.asnumpy(), before)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", bytes(range(256)) * 40])
def test_damaged_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.ckpt"
    path.write_bytes(content)
    with pytest.raises(CheckpointUnfit):
        read_checkpoint(path)
    with pytest.raises(CheckpointUnfit, match=r"The checkpoint .* does not exist"):
        read_checkpoint(tmp_path / "absent.ckpt")


def test_a_truncated_checkpoint(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-1000])
    with pytest.raises(CheckpointUnfit):
        load_weights(network(), saved)


def test_what_a_killed_process_left_goes_with_the_next_checkpoint(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}0123.ckpt").write_bytes(b"half")
    save_checkpoint(tmp_path / "0-1_1.ckpt", network().get_parameters())
    assert [path.name for path in tmp_path.iterdir()] == ["0-1_1.ckpt"]
    assert stat.S_IMODE((tmp_path / "0-1_1.ckpt").stat().st_mode) == 0o640


def test_the_newest_are_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path, rank=1)
    for epoch in (2, 10, 9):
        folder.file(epoch, 7).touch()
    (tmp_path / "best.ckpt").touch()
    (tmp_path / "0-1_7.ckpt").touch()
    assert [path.name for path in folder.files()] == ["1-2_7.ckpt", "1-9_7.ckpt", "1-10_7.ckpt"]
    folder.prune(2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-1_7.ckpt", "1-10_7.ckpt", "1-9_7.ckpt", "best.ckpt"]
