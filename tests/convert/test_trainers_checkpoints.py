"""Checkpoints as trainers write them: what is beside the weights is skipped, and the weights are the right ones."""

import datetime as dt
import pickle
from argparse import Namespace
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path, PosixPath, PureWindowsPath

import numpy as np
import pytest

from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused
from convert.networks.recognition import recognise
from tests.convert.checkpoint_made import TorchZip, opcodes, trained_weights

Tensors = Mapping[str, np.ndarray]

NAME = "resnet_1-1_basic"
NPU = b"torch_npu.utils.storage\n_rebuild_npu_tensor"


@pytest.fixture(scope="module")
def weights() -> Tensors:
    return trained_weights(NAME, 3)


def same(path: Path, weights: Tensors) -> tuple[str, ...]:
    """Check that the file holds these weights; the names of what was left out."""
    read = read_checkpoint(path)
    found = recognise(read.tensors)
    assert found.architecture == NAME
    assert {name for name in found.tensors if "batches" not in name} == weights.keys()
    assert all((found.tensors[name] == array).all() for name, array in weights.items())
    return read.left_out


def called(name: bytes, *arguments: object) -> bytes:
    """The opcodes of an object of that name, made from these arguments."""
    return b"c" + name + b"\n(" + b"".join(opcodes(argument) for argument in arguments) + b"tR"


def made(name: bytes, state: dict[str, object], how: bytes = b"b") -> bytes:
    """The opcodes of an object with this state; with `u`, of a dict's class with these items."""
    content = opcodes(state)
    return b"c" + name + b"\n)\x81" + (content[1:] if how == b"u" else content + b"b")


HISTORY = made(
    b"mmengine.logging.history_buffer\nHistoryBuffer",
    {
        "_log_history": opcodes(pickle.dumps(np.arange(40000.0), 2)[2:-1]),
        "statistics_methods": {"min": called(b"__builtin__\ngetattr", b"cmmengine.logging.history_buffer\nHistoryBuffer\n", "min")},
    },
)
BESIDE: dict[str, object] = {
    "counter": Counter({30: 1, 60: 1}),
    "set": {1, 2},
    "frozenset": frozenset([1]),
    "bytes": pickle.dumps(b"abc\xff", 2)[2:-1],
    "bytearray": pickle.dumps(bytearray(b"abc"), 2)[2:-1],
    "complex": 1 + 2j,
    "range": range(3),
    "deque": deque([1, 2], 5),
    "numpy number": np.float64(76.1),
    "numpy array": np.arange(3),
    "random state": np.random.RandomState(1).get_state(),
    "path": PosixPath("out/run"),
    "windows path": PureWindowsPath("c:/run"),
    "date": dt.datetime(2026, 11, 29, tzinfo=dt.UTC),
    "timedelta": dt.timedelta(1),
    "namespace": Namespace(lr=0.1, output_dir=PosixPath("out"), device=None, loss=float),
    "float keys": {0.5: "a", None: "b", (1, 2): "c"},
    "defaultdict": defaultdict(dict, {0: {"step": 1}}),
    "size": called(b"torch\nSize", (1, 2)),
    "device": called(b"torch\ndevice", "cuda", 0),
    "dtype": b"ctorch\nfloat32\n",
    "layout": called(b"torch.serialization\n_get_layout", "torch.strided"),
    "sparse": called(b"torch._utils\n_rebuild_sparse_tensor", None, None),
    "old lightning": b"}cpytorch_lightning.callbacks.early_stopping\nEarlyStopping\n}s",
    "hyper parameters": made(b"pytorch_lightning.utilities.parsing\nAttributeDict", {"lr": 0.1}, b"u"),
    "hyper parameters 2": made(b"lightning.fabric.utilities.data\nAttributeDict", {"lr": 0.1}),
    "hydra": made(b"omegaconf.dictconfig\nDictConfig", {"_metadata": made(b"omegaconf.base\nContainerMetadata", {"flags": None})}),
    "message hub": HISTORY,
}


@pytest.mark.parametrize("beside", BESIDE)
def test_what_lies_beside_the_weights_is_skipped(weights: Tensors, tmp_path: Path, beside: str) -> None:
    file = TorchZip()
    pickled = opcodes({"epoch": 3, "what": BESIDE[beside], "state_dict": file.state_dict(weights)})
    assert same(file.write(tmp_path / "w.pth", pickled), weights) == ("epoch", "what")


def test_an_optimiser_is_skipped(weights: Tensors, tmp_path: Path) -> None:
    file = TorchZip()
    moments = b"}K\x00" + opcodes({"step": 1, "exp_avg": file.tensor(np.ones((2, 2), np.float32))}) + b"s"
    optimizer = {"state": moments, "param_groups": b"]" + opcodes({"betas": (0.9, 0.999), "params": [0, 1]}) + b"a"}
    empty = file.tensor(np.zeros(0, np.float32))
    saved = {"model": file.state_dict(weights), "optimizer": optimizer, "empty": empty}
    assert same(file.write(tmp_path / "w.pth", opcodes(saved)), weights) == ("optimizer", "empty")


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state", "weights", "params", "net", "state_dict_ema", "classifier_of_mine"])
def test_the_state_dict_is_found(weights: Tensors, tmp_path: Path, wrapper: str) -> None:
    file = TorchZip()
    path = file.write(tmp_path / "w.pth", opcodes({wrapper: file.state_dict(weights), "classes": ["a", "b"]}))
    assert same(path, weights) == ("classes",)
    assert read_checkpoint(path).told == ((f"The weights are those of {wrapper!r} in the file.",) if wrapper != "state_dict" else ())


@pytest.mark.parametrize("first", [True, False])
def test_the_weights_are_taken_and_not_their_average(weights: Tensors, tmp_path: Path, first: bool) -> None:
    file = TorchZip()
    average = file.state_dict({"n_averaged": np.array(7), **{f"module.{name}": array + 1 for name, array in weights.items()}})
    both = {"model": file.state_dict(weights), "model_ema": average}
    path = file.write(tmp_path / "w.pth", opcodes(both if first else dict(reversed(both.items()))))
    assert same(path, weights) == ("model_ema",)
    (told,) = read_checkpoint(path).told
    assert told.startswith("The weights are those of 'model' in the file, not the moving average 'model_ema'.")
    assert told.endswith('torch.save(torch.load(path, map_location="cpu")[\'model_ema\'], "average.pth")')


def test_an_average_by_itself_is_taken(weights: Tensors, tmp_path: Path) -> None:
    file = TorchZip()
    average = file.state_dict({"n_averaged": np.array(7), **{f"module.{name}": array for name, array in weights.items()}})
    assert same(file.write(tmp_path / "w.pth", average), weights) == ("n_averaged",)


def test_several_state_dicts_are_refused_with_the_line_that_mends_it(weights: Tensors, tmp_path: Path) -> None:
    file = TorchZip()
    path = file.write(tmp_path / "w.pth", opcodes({"teacher": file.state_dict(weights), "student": file.state_dict(weights)}))
    with pytest.raises(CheckpointRefused, match=r"2 state dicts \('teacher', 'student'\).*torch\.save\(torch\.load\(path, .*\['teacher'\]"):
        read_checkpoint(path)


@pytest.mark.parametrize("more", [(), (True,), (29,)])
def test_tensors_of_an_old_torch_npu(weights: Tensors, tmp_path: Path, more: tuple[object, ...]) -> None:
    file = TorchZip()
    assert same(file.write(tmp_path / "w.pth", file.state_dict(weights, NPU, *more)), weights) == ()


def python_2(value: str) -> bytes:
    return b"U" + bytes([len(value)]) + value.encode()


def test_python_2(weights: Tensors, tmp_path: Path) -> None:
    """An OrderedDict of a list of pairs, and names of single bytes."""
    file = TorchZip()
    pairs = b"".join(b"](" + python_2(name) + file.tensor(array) + b"ea" for name, array in weights.items())
    assert same(file.write(tmp_path / "w.pth", b"ccollections\nOrderedDict\n]" + pairs + b"\x85R"), weights) == ()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda _: called(b"os\nsystem", "id"), r"'os\.system'"),
        (lambda _: called(b"builtins\neval", "1"), r"'builtins\.eval'"),
        (lambda _: called(b"__builtin__\ngetattr", b"cos\nsystem\n", "x"), r"'os\.system'"),
        (lambda _: called(b"functools\npartial", 1), r"'functools\.partial'"),
        (lambda _: b"ctorchvision.models.resnet\nResNet\n)\x81", r"'torchvision\.models\.resnet\.ResNet'"),
        (lambda _: called(b"numpy\nload", "x"), r"'numpy\.load'"),
        (lambda _: called(b"torch.hub\nload", "x"), r"'torch\.hub\.load'"),
        (lambda _: called(b"pathlib\nPath.unlink", "x"), r"'pathlib\.Path\.unlink'"),
        (lambda _: called(b"__builtin__\ngetattr", b"ctorch\nSize\n", "x") + b")R", "calls an object"),
        (lambda file: opcodes({"fc.weight": called(b"torch._utils\n_rebuild_qtensor", file.tensor(np.ones(3, np.float32)))}), "quantised"),
        (lambda file: file.tensor(np.ones(3, np.float32), b"torch._utils\n_rebuild_tensor_v2", {"neg": True}), "not described"),
    ],
)
def test_what_would_have_to_be_called_is_refused_by_name(
    weights: Tensors, tmp_path: Path, build: Callable[[TorchZip], bytes], message: str
) -> None:
    file = TorchZip()
    state = file.state_dict({name: array for name, array in weights.items() if name != "fc.weight"})
    extra = build(file)
    pickled = state + extra[1:] if extra.startswith(b"}(") else opcodes({"state_dict": state, "evil": extra})
    with pytest.raises(CheckpointRefused, match=message):
        read_checkpoint(file.write(tmp_path / "w.pth", pickled))
