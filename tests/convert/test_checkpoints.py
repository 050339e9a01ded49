import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused

WRITTEN_BY = Path(__file__).parent / "checkpoints/written_by"
TORCH = {
    "0.weight": (4, 3, 3, 3),
    "1.weight": (4,),
    "1.bias": (4,),
    "1.running_mean": (4,),
    "1.running_var": (4,),
    "1.num_batches_tracked": (),
    "4.weight": (2, 4),
    "4.bias": (2,),
}
MINDSPORE = {
    "conv.weight": (4, 3, 3, 3),
    "bn.moving_mean": (4,),
    "bn.moving_variance": (4,),
    "bn.gamma": (4,),
    "bn.beta": (4,),
    "fc.weight": (2, 4),
    "fc.bias": (2,),
}
PARAMETERS = {name for name in TORCH if "running" not in name and "batches" not in name}


def written(shapes: dict[str, tuple[int, ...]]) -> dict[str, list[object]]:
    """The values that write_with_torch.py and write_with_mindspore.py put into their networks."""
    counted = enumerate(shapes.items())
    return {name: (np.arange(np.prod(shape)) % 16 / 8 + index).reshape(shape).tolist() for index, (name, shape) in counted}


@pytest.mark.parametrize(
    ("file", "format_name", "shapes"),
    [
        ("torch_zip.pth", "torch zip", TORCH),
        ("torch_legacy.pth", "torch legacy", TORCH),
        ("torch.safetensors", "safetensors", TORCH),
        ("torch_bfloat16.pth", "torch zip", TORCH),
        ("torch_bfloat16.safetensors", "safetensors", TORCH),
        ("mindspore.ckpt", "MindSpore", MINDSPORE),
        ("mindspore_crc.ckpt", "MindSpore", MINDSPORE),
        ("mindspore.safetensors", "safetensors", MINDSPORE),
    ],
)
def test_what_the_frameworks_wrote(file: str, format_name: str, shapes: dict[str, tuple[int, ...]]) -> None:
    found = read_checkpoint(WRITTEN_BY / file)
    assert (found.format, found.left_out) == (format_name, ())
    assert {name: array.tolist() for name, array in found.tensors.items()} == written(shapes)
    assert {array.dtype for name, array in found.tensors.items() if "batches" not in name} == {np.dtype(np.float32)}
    assert all(array.flags.c_contiguous and array.flags.aligned for array in found.tensors.values())


@pytest.mark.parametrize("file", ["torch_training_zip.pth", "torch_training_legacy.pth"])
def test_a_training_of_torch(file: str) -> None:
    found = read_checkpoint(WRITTEN_BY / file)
    assert {name: array.tolist() for name, array in found.tensors.items()} == written(TORCH)
    assert found.left_out == ("optimizer", "lr_scheduler", "epoch", "best", "args")


@pytest.mark.parametrize(
    ("file", "prefix", "left_out"),
    [
        ("lightning.ckpt", "model.", {"loops", "callbacks", "optimizer_states", "lr_schedulers", "hyper_parameters"}),
        ("mmengine.pth", "backbone.", {"meta", "message_hub", "optimizer"}),
    ],
)
def test_a_training_of_lightning_and_of_mmengine(file: str, prefix: str, left_out: set[str]) -> None:
    """These trainers wrote them: paths, a Namespace and an AttributeDict; a history with methods and arrays."""
    found = read_checkpoint(WRITTEN_BY / file)
    assert {name.removeprefix(prefix): array.tolist() for name, array in found.tensors.items()} == written(TORCH)
    assert left_out <= set(found.left_out)


def test_bare_parameters_of_torch() -> None:
    found = read_checkpoint(WRITTEN_BY / "torch_parameters.pth")
    assert {name: array.tolist() for name, array in found.tensors.items()} == {
        name: value for name, value in written(TORCH).items() if name in PARAMETERS
    }


@pytest.mark.parametrize(
    ("file", "counters"),
    [("mindspore_training.ckpt", {"epoch_num", "step_num", "note"}), ("mindspore_training.safetensors", {"epoch_num"})],
)
def test_a_training_of_mindspore(file: str, counters: set[str]) -> None:
    found = read_checkpoint(WRITTEN_BY / file)
    assert {name: array.tolist() for name, array in found.tensors.items()} == written(MINDSPORE)
    moments = {f"moments.{name}" for name in MINDSPORE if "moving" not in name}
    assert set(found.left_out) == moments | counters | {"global_step", "learning_rate", "momentum", "scale_sense"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a checkpoint of a known format. Known are ONNX, PyTorch's"),
        (b"<html>", "known format"),
        (pickle.dumps({"x": 1}), "pickles are never run"),
        ((WRITTEN_BY / "mindspore_encrypted.ckpt").read_bytes(), "encrypted"),
    ],
)
def test_what_is_no_checkpoint(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "weights.pth").write_bytes(data)
    with pytest.raises(CheckpointRefused, match=f"weights.pth: .*{message}"):
        read_checkpoint(tmp_path / "weights.pth")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, message in ((tmp_path, "not a file"), (tmp_path / "fifo", "not a file"), (tmp_path / "missing", "No such file")):
        with pytest.raises(CheckpointRefused, match=message):
            read_checkpoint(path)


def test_a_sparse_file_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse.pth").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(CheckpointRefused, match="1099511627776 bytes are more"):
        read_checkpoint(tmp_path / "sparse.pth")
