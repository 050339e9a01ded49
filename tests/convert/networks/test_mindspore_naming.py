from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.networks.architectures import build_network, parameter_shapes
from convert.networks.fit import fit
from convert.networks.mindspore_naming import torchvision_names_of_mindspore
from convert.networks.recognition import recognise
from convert.networks.resnet_graph import ResNetGraph
from tests.convert.checkpoint_made import trained_weights
from tests.convert.networks.resnet_in_numpy import logits

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


def test_this_projects_training(weights: dict[str, np.ndarray]) -> None:
    found = recognise(mindspore_names(weights))
    assert (found.architecture, found.classes, found.mindspore) == (NETWORK.name, 5, True)
    assert {name: id(array) for name, array in found.tensors.items()} == {name: id(array) for name, array in weights.items()}


@pytest.mark.parametrize("groups", [8, None], ids=["ascend", "gpu"])
def test_mindspores_model_zoo(weights: dict[str, np.ndarray], groups: int | None) -> None:
    tensors = model_zoo_names(weights, groups)
    assert "backbone.layer2.0.down_sample.bn.moving_variance" in tensors
    assert ("backbone.layer1.1.conv2.convs.7.weight" in tensors) == bool(groups)
    found = recognise(tensors)
    assert found.architecture == "resnext_2-1_8x4d_same"
    assert found.tensors.keys() == weights.keys()
    assert all((found.tensors[name] == weights[name]).all() for name in weights)


def test_a_missing_group_is_told(weights: dict[str, np.ndarray]) -> None:
    tensors = model_zoo_names(weights, 8)
    del tensors["backbone.layer2.0.conv2.convs.3.weight"]
    found = recognise(tensors)
    with pytest.raises(ConvertError, match=r"missing: layer2.0.conv2.weight .*unknown to the network: layer2.0.conv2.convs.0.weight"):
        fit(found.tensors, parameter_shapes(found.architecture, found.classes), found.architecture)


def test_two_names_for_one(weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(ConvertError, match=r"holds bn1\.weight twice; one of them is bn1\.gamma"):
        torchvision_names_of_mindspore({**weights, "bn1.gamma": np.ones(64)})


def test_the_model_zoos_network_answers_as_numpy_does(run: Run) -> None:
    """One block: the grouped filters, the shortcut and the pool that begins at the corner."""
    weights = trained_weights("resnext_1_2x4d", 3)
    found = recognise(model_zoo_names(weights, 2))
    image = np.random.default_rng(1).standard_normal((1, 3, 32, 32), np.float32)
    answer = run(build_network(found.architecture, found.tensors, 3, (32, 32)).SerializeToString(), image)
    np.testing.assert_allclose(answer, logits(ResNetGraph((1,), 2, 4, same_pool=True), weights, image), rtol=1e-4, atol=1e-4)
