from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.networks.architectures import build_network, parameter_shapes
from convert.networks.fit import fit
from convert.networks.resnet_graph import ResNetGraph
from convert.networks.resnet_naming import recognise
from tests.convert.checkpoint_made import trained_weights

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]

MINDSPORE = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def mindspore_names(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """As this project's training saves them."""
    norms = {name.removesuffix(".running_mean") for name in weights if name.endswith(".running_mean")}

    def named(name: str) -> str:
        stem, _, part = name.rpartition(".")
        return f"{stem}.{MINDSPORE[part]}" if stem in norms else name

    return {named(name): array for name, array in weights.items()}


def model_zoo_names(weights: dict[str, np.ndarray], groups: int | None) -> dict[str, np.ndarray]:
    """As mindspore-ai/models saves them; with `groups`, as it does on Ascend."""
    renamed: dict[str, np.ndarray] = {}
    for name, array in mindspore_names(weights).items():
        new = name.replace(".downsample.0.", ".down_sample.conv.").replace(".downsample.1.", ".down_sample.bn.")
        if new.startswith("fc."):
            new = f"head.{new}"
        else:
            new = "backbone." + (new.replace("1.", ".", 1) if new.startswith(("conv1.", "bn1.")) else new)
        if groups and name.endswith(".conv2.weight"):
            renamed |= {new.replace("weight", f"convs.{number}.weight"): part for number, part in enumerate(np.split(array, groups))}
        else:
            renamed[new] = array
    return renamed


NETWORK = ResNetGraph((2, 1), 8, 4)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return trained_weights(NETWORK.name, 5)


@settings(max_examples=25, deadline=None)
@given(
    blocks=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple) | st.just((3, 4, 23, 3)),
    cardinality=st.sampled_from([1, 2, 32, 64]),
    width=st.sampled_from([1, 4, 8, 64]),
    classes=st.integers(2, 9),
)
def test_every_resnext_is_recognised(blocks: tuple[int, ...], cardinality: int, width: int, classes: int) -> None:
    network = ResNetGraph(blocks, cardinality, width)
    tensors = {name: np.broadcast_to(np.float32(0), shape) for name, shape in parameter_shapes(network.name, classes).items()}
    found = recognise(tensors)
    assert (found.network, found.classes, found.mindspore) == (network, classes, False)
    assert found.tensors == tensors


def test_this_projects_training(weights: dict[str, np.ndarray]) -> None:
    found = recognise(mindspore_names(weights))
    assert (found.network, found.classes, found.mindspore) == (NETWORK, 5, True)
    assert {name: id(array) for name, array in found.tensors.items()} == {name: id(array) for name, array in weights.items()}


@pytest.mark.parametrize("groups", [8, None], ids=["ascend", "gpu"])
def test_mindspores_model_zoo(weights: dict[str, np.ndarray], groups: int | None) -> None:
    tensors = model_zoo_names(weights, groups)
    assert "backbone.layer2.0.down_sample.bn.moving_variance" in tensors
    assert ("backbone.layer1.1.conv2.convs.7.weight" in tensors) == bool(groups)
    found = recognise(tensors)
    assert found.network.name == "resnext_2-1_8x4d_same"
    assert found.tensors.keys() == weights.keys()
    assert all((found.tensors[name] == weights[name]).all() for name in weights)


def test_a_missing_group_is_told(weights: dict[str, np.ndarray]) -> None:
    tensors = model_zoo_names(weights, 8)
    del tensors["backbone.layer2.0.conv2.convs.3.weight"]
    found = recognise(tensors)
    with pytest.raises(ConvertError, match=r"missing: layer2.0.conv2.weight .*unknown to the network: layer2.0.conv2.convs.0.weight"):
        fit(found.tensors, parameter_shapes(found.network.name, found.classes), found.network.name)


@pytest.mark.parametrize(
    "change",
    [
        {"layer1.0.conv2.weight": None},
        {"layer1.0.conv3.weight": None},
        {"layer1.0.conv1.weight": None},
        {"fc.weight": None},
        {"fc.weight": np.zeros(3)},
        {"layer1.0.conv2.weight": np.zeros((32, 4))},
    ],
)
def test_no_resnext(weights: dict[str, np.ndarray], change: dict[str, np.ndarray | None]) -> None:
    tensors = {name: array for name, array in {**weights, **change}.items() if array is not None}
    with pytest.raises(ConvertError, match="not a ResNeXt's tensors"):
        recognise(tensors)


def test_two_names_for_one(weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(ConvertError, match=r"holds bn1\.weight twice; one of them is bn1\.gamma"):
        recognise({**weights, "bn1.gamma": np.ones(64)})


@given(
    st.dictionaries(
        st.text("abcl1.0wegihtfconvy2gammbk", max_size=30), st.sampled_from([np.zeros(()), np.zeros((2, 0, 3, 3)), np.zeros((0, 0))])
    )
)
def test_nonsense_is_refused(tensors: dict[str, np.ndarray]) -> None:
    with pytest.raises(ConvertError):
        recognise(tensors)


def test_the_model_zoos_network_answers_as_numpy_does(run: Run) -> None:
    """One block: the grouped filters, the shortcut and the pool that begins at the corner."""
    weights = trained_weights("resnext_1_2x4d", 3)
    found = recognise(model_zoo_names(weights, 2))
    image = np.random.default_rng(1).standard_normal((1, 3, 32, 32), np.float32)
    answer = run(build_network(found.network.name, found.tensors, 3, (32, 32)).SerializeToString(), image)
    np.testing.assert_allclose(answer, one_block(weights, image), rtol=1e-4, atol=1e-4)


def one_block(weights: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    x = np.maximum(normalised(weights, "bn1", correlate(x, weights["conv1.weight"], 2, 3)), 0)
    padded = np.pad(x, ((0, 0), (0, 0), (0, 1), (0, 1)))
    x = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2].max((4, 5))
    y = np.maximum(normalised(weights, "layer1.0.bn1", correlate(x, weights["layer1.0.conv1.weight"], 1, 0)), 0)
    halves = zip(np.split(y, 2, 1), np.split(weights["layer1.0.conv2.weight"], 2), strict=True)
    y = np.concatenate([correlate(half, kernel, 1, 1) for half, kernel in halves], 1)
    y = np.maximum(normalised(weights, "layer1.0.bn2", y), 0)
    y = normalised(weights, "layer1.0.bn3", correlate(y, weights["layer1.0.conv3.weight"], 1, 0))
    short = normalised(weights, "layer1.0.downsample.1", correlate(x, weights["layer1.0.downsample.0.weight"], 1, 0))
    return np.array(np.maximum(y + short, 0).mean((2, 3)) @ weights["fc.weight"].T + weights["fc.bias"])


def correlate(x: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> np.ndarray:
    x = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.array(np.einsum("ncyxij,ocij->noyx", windows, kernel))


def normalised(weights: dict[str, np.ndarray], name: str, x: np.ndarray) -> np.ndarray:
    gamma, beta, mean, variance = (
        weights[f"{name}.{part}"].reshape(-1, 1, 1) for part in ("weight", "bias", "running_mean", "running_var")
    )
    return np.array((x - mean) / np.sqrt(variance + 1e-5) * gamma + beta)
