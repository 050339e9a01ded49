"""The network: its names are those the converter asks for, its layers compute what the names promise."""

import re

import mindspore as ms
import numpy as np
import pytest

from convert.networks.architectures import parameter_shapes
from models.model_errors import ModelNotFound
from models.resnext import DEPTHS, Architecture, ResNeXt, architecture

ENDINGS = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def torch_name(name: str) -> str:
    """torchvision's name of a parameter: the mapping of `convert import`."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{ENDINGS.get(ending, ending)}"


@pytest.mark.parametrize("name", ["resnext50_32x4d", "resnext101_32x4d"])
def test_parameters_are_those_of_the_converter(name: str) -> None:
    network = ResNeXt(architecture(name), 10)
    assert {torch_name(p.name): p.shape for p in network.get_parameters()} == parameter_shapes(name, 10)


def test_resnext101_has_as_many_parameters_as_the_paper_says() -> None:
    shape = architecture("resnext101_32x4d")
    assert (shape.blocks, shape.cardinality, shape.base_width) == ((3, 4, 23, 3), 32, 4)
    assert sum(np.prod(size) for size in parameter_shapes("resnext101_32x4d", 1000).values()) > 44_177_704  # with the moving averages


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnext50", Architecture(DEPTHS["50"])),
        ("resnext101_64x4d", Architecture(DEPTHS["101"], 64, 4)),
        ("resnext152_32x8d", Architecture(DEPTHS["152"], 32, 8)),
    ],
)
def test_names(name: str, expected: Architecture) -> None:
    assert architecture(name) == expected


@pytest.mark.parametrize("name", ["resnet50", "resnext51", "resnext50_0x4d", "resnext50_32x4", ""])
def test_other_names(name: str) -> None:
    with pytest.raises(ModelNotFound, match=re.escape(repr(name))):
        architecture(name)


def test_blocks_begin_as_their_shortcuts() -> None:
    parameters = {p.name: p.asnumpy() for p in ResNeXt(architecture("resnext_digits"), 10).get_parameters()}
    assert not parameters["layer1.0.bn3.gamma"].any()
    weight = parameters["layer1.0.conv2.weight"]
    assert weight.shape == (64, 8, 3, 3)  # of 64 channels in 8 groups
    assert weight.std() == pytest.approx(np.sqrt(2 / (64 * 9)), rel=0.05)


def test_batch_normalisation_keeps_nine_tenths_of_its_average() -> None:
    network = ResNeXt(architecture("resnext_digits"), 10).set_train()
    image = ms.Tensor(np.random.default_rng(0).standard_normal((4, 3, 32, 32)), ms.float32)
    mean = network.conv1(image).asnumpy().mean(axis=(0, 2, 3))
    network(image)
    np.testing.assert_allclose(network.bn1.moving_mean.asnumpy(), 0.1 * mean, atol=1e-5)
    assert network.bn1.eps == 1e-5
