import re

import pytest

from convert.checkpoints.pickle_names import STORAGES, makes_a_tensor, may_be_skipped, present_name

# What torch 2.13's restricted unpickler takes (_get_allowed_globals of torch/_weights_only_unpickler.py), without storages, the
# functions that this project reads, and the kinds of cuda and sparse tensors.
TORCHS = """
_codecs.encode builtins.bytearray builtins.complex builtins.set collections.Counter collections.OrderedDict torch.BFloat16Tensor
torch.BoolTensor torch.ByteTensor torch.FloatTensor torch.HalfTensor torch.LongTensor torch.Size torch.Tensor
torch._tensor._rebuild_from_type_v2 torch._utils._rebuild_device_tensor_from_cpu_tensor
torch._utils._rebuild_device_tensor_from_numpy torch._utils._rebuild_meta_tensor_no_storage torch._utils._rebuild_nested_tensor
torch._utils._rebuild_qtensor torch._utils._rebuild_sparse_tensor torch._utils._rebuild_tensor torch._utils._rebuild_tensor_v3
torch._utils._rebuild_wrapper_subclass torch.bfloat16 torch.bits16 torch.bits1x8 torch.bool torch.complex64 torch.cuda.FloatTensor
torch.cuda.sparse.FloatTensor torch.device torch.float16 torch.float32 torch.float4_e2m1fn_x2 torch.float8_e4m3fn
torch.float8_e8m0fnu torch.int1 torch.int64 torch.nn.parameter.Parameter torch.per_channel_affine
torch.per_channel_affine_float_qparams torch.per_tensor_symmetric torch.qint32 torch.quint2x4 torch.quint8
torch.serialization._get_layout torch.sparse.FloatTensor torch.uint1 torch.uint8
"""
RUNS = """
builtins.eval builtins.exec builtins.open builtins.__import__ builtins.setattr os.system posix.system subprocess.Popen sys.exit
torch.load torch.hub.load torch.jit.load torch.nn.Module torch.serialization.load torch.storage._load_from_bytes torch.float
torch._utils._rebuild torch._utils.rebuild_tensor numpy.load numpy.float numpy.core.multiarray.fromfile pathlib.Path.unlink
pathlib.PosixPath.write_text argparse.FileType collections.namedtuple functools.partial datetime.datetime.now types.FunctionType
torchvision.models.resnet.ResNet pytorch_lightning.callbacks.x mmengine.config.config.Config addict.addict.Dict.x
omegaconf.nodes.x _codecs.decode torch.FloatTensor.numpy torch.int8.x
"""


@pytest.mark.parametrize("name", TORCHS.split())
def test_what_torch_takes_may_be_skipped(name: str) -> None:
    assert may_be_skipped(name)


@pytest.mark.parametrize("name", RUNS.split())
def test_what_runs_may_not(name: str) -> None:
    assert not may_be_skipped(name)


def test_python_2s_names_are_todays() -> None:
    assert present_name("__builtin__", "set") == "builtins.set"
    assert present_name("torch", "Size") == "torch.Size"


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("torch._utils._rebuild_qtensor", True),
        ("torch._tensor._rebuild_from_type_v2", True),
        ("torch.Size", False),
    ],
)
def test_which_placeholders_are_tensors(name: str, tensor: bool) -> None:
    assert makes_a_tensor(name) == tensor


def test_storages_of_a_gpu_are_those_of_a_cpu() -> None:
    assert STORAGES["torch.cuda.FloatStorage"] == STORAGES["torch.FloatStorage"]
    assert all(re.fullmatch(r"torch\.(cuda\.|storage\.)?\w+Storage", name) for name in STORAGES)
    assert not any("Complex" in name or "QInt" in name for name in STORAGES)
