import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, numpy_helper

from convert.conversion_errors import ConvertError
from convert.networks.architectures import build_network, random_weights
from convert.networks.fit import check_finite, fit

SHAPES = {"a.weight": (2, 3), "bn.running_var": (2,)}
GOOD = {"a.weight": np.ones((2, 3), np.float32), "bn.running_var": np.ones(2, np.float32)}


def test_what_fits_is_not_copied() -> None:
    fitting = fit({**GOOD, "bn.num_batches_tracked": np.array(5)}, SHAPES, "net")
    assert all(fitting[name] is GOOD[name] for name in SHAPES)
    assert list(fitting) == list(SHAPES)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_floats_become_float32(kind: type) -> None:
    fitting = fit({name: array.astype(kind) for name, array in GOOD.items()}, SHAPES, "net")
    assert {array.dtype for array in fitting.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a.weight": None}, r"^The weights do not fit net: 1 missing: a.weight \(2, 3\)\. Use"),
        ({"a.weight": np.ones((3, 2), np.float32)}, r"1 of another shape: a.weight \(3, 2\) for \(2, 3\)"),
        ({"a.weight": np.ones((2, 3), int)}, r"1 not floating-point numbers: a.weight int64"),
        ({"a.weight": np.ones((2, 3), bool)}, r"1 not floating-point numbers: a.weight bool"),
        ({"a.weight": np.ones((2, 3), complex)}, r"1 not floating-point numbers: a.weight complex128"),
        ({"a.weight": np.full((2, 3), np.nan, np.float32)}, r"1 not finite: a.weight\. The training"),
        ({"a.weight": np.full((2, 3), 1e300)}, r"1 not finite: a.weight"),
        ({"a.weight": np.full((2, 3), -np.inf, np.float16)}, r"1 not finite: a.weight"),
        ({"bn.running_var": np.array([1, -1e-9], np.float32)}, r"1 variances below 0: bn.running_var"),
        ({"b": np.ones(4)}, r"1 unknown to the network: b \(4,\)"),
    ],
)
def test_what_does_not_fit(change: dict[str, np.ndarray | None], message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        fit({name: array for name, array in {**GOOD, **change}.items() if array is not None}, SHAPES, "net")


def test_everything_is_told_at_once() -> None:
    weights: dict[str, np.ndarray] = {"a.weight": np.ones(1), **{f"x{number}": np.ones(1) for number in range(12)}}
    with pytest.raises(
        ConvertError, match=r"1 of another shape: .*; 1 missing: bn.running_var \(2,\); 12 unknown to the network: .*x9 \(1,\) and 2 more\."
    ):
        fit(weights, SHAPES, "net")


@given(st.lists(st.sampled_from(["missing", "misshapen", "nan", "good"]), min_size=1, max_size=30))
def test_every_fault_is_counted(faults: list[str]) -> None:
    shapes = {f"p{number}": (2,) for number in range(len(faults))}
    made: dict[str, np.ndarray] = {"misshapen": np.ones(3), "nan": np.array([1, np.nan]), "good": np.ones(2)}
    weights = {f"p{number}": made[fault] for number, fault in enumerate(faults) if fault != "missing"}
    if set(faults) == {"good"}:
        assert len(fit(weights, shapes, "net")) == len(faults)
        return
    with pytest.raises(ConvertError) as refusal:
        fit(weights, shapes, "net")
    for fault, told in (("missing", "missing"), ("misshapen", "of another shape"), ("nan", "not finite")):
        assert (f"{faults.count(fault)} {told}: " in refusal.value.message) == (fault in faults)


def test_a_networks_own_weights() -> None:
    network = build_network("resnext_1_1x32d", random_weights("resnext_1_1x32d", 2, 0), 2)
    check_finite(network)
    network.graph.initializer.append(numpy_helper.from_array(np.array([np.nan], np.float16), "half"))
    network.graph.initializer.append(TensorProto(name="short", data_type=TensorProto.FLOAT, dims=[2], raw_data=b"1234"))
    with pytest.raises(ConvertError, match="1 not finite: half; 1 damaged: short"):
        check_finite(network)


def test_a_name_cannot_move_the_cursor() -> None:
    with pytest.raises(ConvertError, match=r"1 unknown to the network: a\\u001b\[2J \(4,\)"):
        fit({**GOOD, "a\x1b[2J": np.ones(4)}, SHAPES, "net")
