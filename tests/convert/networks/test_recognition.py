import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.networks.architectures import parameter_shapes
from convert.networks.fit import fit
from convert.networks.recognition import recognise
from convert.networks.resnet_graph import ResNetGraph
from tests.convert.checkpoint_made import trained_weights

NAME = "resnext_2-1_8x4d"


def placeholders(name: str, classes: int) -> dict[str, np.ndarray]:
    return {layer: np.broadcast_to(np.float32(0), shape) for layer, shape in parameter_shapes(name, classes).items()}


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return trained_weights(NAME, 5)


@settings(max_examples=25, deadline=None)
@given(
    blocks=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple) | st.just((3, 4, 23, 3)),
    form=st.sampled_from([(1, 1), (2, 4), (32, 4), (64, 8), (1, 64), (1, 128), (1, 192)]),
    basic=st.booleans(),
    squeeze=st.booleans(),
    classes=st.integers(2, 9),
)
def test_every_resnet_is_recognised(blocks: tuple[int, ...], form: tuple[int, int], basic: bool, squeeze: bool, classes: int) -> None:
    network = ResNetGraph(blocks, basic=True, squeeze=squeeze) if basic else ResNetGraph(blocks, *form, squeeze=squeeze)
    tensors = placeholders(network.name, classes)
    found = recognise(tensors)
    assert (found.architecture, found.classes, found.mindspore, found.told, found.side_px) == (network.name, classes, False, (), 224)
    assert found.tensors == tensors


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "wide_resnet50_2",
        "wide_resnet101_2",
        "resnext50_32x4d",
        "seresnext101_32x4d",
    ],
)
def test_the_name_people_use(name: str) -> None:
    assert recognise(placeholders(name, 1000)).architecture == name


def test_an_efficientnet_lite_has_a_size_of_its_own() -> None:
    found = recognise(placeholders("efficientnet_lite2", 3))
    assert (found.architecture, found.classes, found.side_px) == ("efficientnet_lite2", 3, 260)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer1.0.conv2.weight": None}, "cannot build"),
        ({"layer1.0.conv1.weight": None}, r"cannot build: 'conv1.weight', 'bn1.weight', .* more"),
        ({"fc.weight": None, "fc.bias": None}, "without its classifier"),
        ({"fc.weight": np.zeros(3)}, "cannot build"),
        ({"layer1.0.conv2.weight": np.zeros((32, 4))}, "cannot build"),
    ],
)
def test_another_network_is_refused_with_the_way_of_onnx(
    weights: dict[str, np.ndarray], change: dict[str, np.ndarray | None], message: str
) -> None:
    tensors = {name: array for name, array in {**weights, **change}.items() if array is not None}
    with pytest.raises(
        ConvertError, match=rf"{message}.*torch\.onnx\.export\(model\.eval\(\), torch\.randn\(1, 3, 224, 224\), \"network.onnx\"\)"
    ):
        recognise(tensors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer1.0.conv3.weight": None}, "conv3"),  # looks like basic blocks, and does not fit them
        (
            {"conv1.weight": None, "conv1.0.weight": np.zeros((32, 3, 3, 3), np.float32)},
            "missing: conv1.weight .* unknown to the network: conv1.0.weight",
        ),
        ({"layer1.0.se.conv.weight": np.zeros((1, 1, 3), np.float32)}, "unknown to the network: layer1.0.se.conv.weight"),
    ],
)
def test_a_relative_of_a_resnet_does_not_fit(weights: dict[str, np.ndarray], change: dict[str, np.ndarray | None], message: str) -> None:
    found = recognise({name: array for name, array in {**weights, **change}.items() if array is not None})
    with pytest.raises(ConvertError, match=rf"{message}.*torch\.onnx\.export"):
        fit(found.tensors, parameter_shapes(found.architecture, found.classes), found.architecture)


@given(
    st.dictionaries(
        st.text("abcl1.0wegihtfconvy2gammbk_", max_size=30), st.sampled_from([np.zeros(()), np.zeros((2, 0, 3, 3)), np.zeros((0, 0))])
    )
)
def test_nonsense_is_refused(tensors: dict[str, np.ndarray]) -> None:
    with pytest.raises(ConvertError):
        recognise(tensors)
