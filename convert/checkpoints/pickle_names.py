"""The names that the pickle of a checkpoint may ask for. None of them is imported, and nothing is called.

`WHOLE` and `STORAGES` make up the weights. What `may_be_skipped` lies beside them: an object of such a name becomes a placeholder
without content. The list is that of torch's own restricted unpickler (torch 2.13, torch/_weights_only_unpickler.py),
without quantised and complex storages, and what trainers save besides: Python's plain types, NumPy's numbers and arrays, paths,
dates, argparse's Namespace, and the dicts and histories of Lightning, OmegaConf and mmengine.

A pickle that asks for another name is refused by that name: a network's class, a function, a command.
"""

import re

import numpy as np

from convert.checkpoints.bfloat16 import BFLOAT16

ORDERED_DICT = "collections.OrderedDict"
REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2"
REBUILD_NPU_TENSOR = "torch_npu.utils.storage._rebuild_npu_tensor"  # of torch_npu before 2.1
REBUILD_PARAMETER = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
WHOLE = {ORDERED_DICT, REBUILD_TENSOR, REBUILD_NPU_TENSOR, *REBUILD_PARAMETER}

STORAGES: dict[str, np.dtype] = {
    "torch.BoolStorage": np.dtype("?"),
    "torch.ByteStorage": np.dtype("u1"),
    "torch.CharStorage": np.dtype("i1"),
    "torch.ShortStorage": np.dtype("<i2"),
    "torch.IntStorage": np.dtype("<i4"),
    "torch.BFloat16Storage": BFLOAT16,
    "torch.HalfStorage": np.dtype("<f2"),
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.LongStorage": np.dtype("<i8"),
    "torch.storage.UntypedStorage": np.dtype("u1"),
}
STORAGES |= {name.replace("torch.", "torch.cuda."): dtype for name, dtype in STORAGES.items() if name.count(".") == 1}

_SKIPPED = re.compile(
    r"""
      _codecs\.encode                                              # bytes
    | builtins\.(bool|bytearray|bytes|complex|dict|float|frozenset|getattr|int|list|range|set|slice|str|tuple|xrange)
    | collections\.(Counter|OrderedDict|defaultdict|deque)
    | datetime\.(date|datetime|time|timedelta|timezone)
    | pathlib\.(_local\.)?(Pure)?(Posix|Windows)?Path
    | argparse\.Namespace | types\.SimpleNamespace | typing\.Any
    | torch\.(Size|Tensor|device|serialization\._get_layout|nn\.parameter\.Parameter|torch_version\.TorchVersion)
    | torch\.(cuda\.)?(sparse\.)?\w+Tensor
    | torch\.(bool|bfloat16|(u?int|float|complex|q?u?int|bits)[0-9]+\w*)                    # dtypes
    | torch\.per_(tensor|channel)_(affine|symmetric|affine_float_qparams)
    | torch\._utils\._rebuild_\w+ | torch\._tensor\._rebuild_from_type_v2
    | torch_npu\.npu\._format\.Format
    | numpy\.(_?core\.multiarray\.(scalar|_reconstruct)|ndarray|dtype|bool_?|(u?int|float|complex)[0-9]+)
    | numpy\.dtypes\.\w+DType
    | (pytorch_lightning|lightning\.pytorch|lightning\.fabric|lightning_fabric)\.utilities\.(parsing|data)\.AttributeDict
    | (pytorch_lightning|lightning\.pytorch)\.callbacks\.\w+\.\w+          # classes as keys, before Lightning 1.2
    | omegaconf\.(dictconfig\.DictConfig|listconfig\.ListConfig|base\.(Container)?Metadata|nodes\.\w+Node)
    | mmengine\.(logging\.history_buffer\.HistoryBuffer|config\.config\.ConfigDict)
    | mmcv\.utils\.config\.ConfigDict | addict\.addict\.Dict
    """,
    re.VERBOSE,
)
_TENSOR = re.compile(r"torch\._utils\._rebuild_\w+|torch\._tensor\._rebuild_from_type_v2|torch\.(cuda\.)?(sparse\.)?\w*Tensor")
_PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg"}


def present_name(module: str, name: str) -> str:
    """`module.name`, with the module as Python 3 calls it; pickles of protocol 2 have Python 2's names."""
    return f"{_PYTHON_2.get(module, module)}.{name}"


def may_be_skipped(name: str) -> bool:
    """Whether an object of that name may lie beside the weights."""
    return _SKIPPED.fullmatch(name) is not None


def makes_a_tensor(name: str) -> bool:
    """Whether what is skipped would be a tensor, of a kind that is not read (sparse, quantised, a subclass)."""
    return _TENSOR.fullmatch(name) is not None
