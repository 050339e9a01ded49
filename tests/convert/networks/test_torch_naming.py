from collections.abc import Callable

import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.networks.architectures import parameter_shapes
from convert.networks.fit import fit
from convert.networks.torch_naming import torchvision_names
from tests.convert.checkpoint_made import trained_weights

NAME = "resnet_1-1-1-1_basic"
NUMBERS = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}

Tensors = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def weights() -> Tensors:
    return trained_weights(NAME, 5)


def numbered(name: str) -> str:
    layer, _, rest = name.partition(".")
    return f"features.{NUMBERS[layer]}.{rest}" if layer in NUMBERS else name.replace("fc.", "classifier.")


def prefixed(prefix: str, head: str) -> Callable[[str], str]:
    return lambda name: name.replace("fc.", head, 1) if name.startswith("fc.") else prefix + name


PREFIX = "The network's names begin with {!r}, which is dropped."
HEAD = "{} is taken for the classifier fc."


@pytest.mark.parametrize(
    ("rename", "told"),
    [
        (prefixed("", "fc."), []),
        (prefixed("model.", "model.fc."), [PREFIX.format("model.")]),
        (prefixed("net.encoder.", "net.encoder.fc."), [PREFIX.format("net.encoder.")]),
        (prefixed("", "fc.1."), [HEAD.format("fc.1")]),
        (prefixed("", "fc.0."), [HEAD.format("fc.0")]),
        (prefixed("backbone.", "head.fc."), [PREFIX.format("backbone."), HEAD.format("head.fc")]),
        (prefixed("backbone.", "head."), [PREFIX.format("backbone."), HEAD.format("head")]),
        (prefixed("model.backbone.", "model.classifier.1."), [PREFIX.format("model.backbone."), HEAD.format("model.classifier.1")]),
        (prefixed("ema_model.", "ema_model.fc."), [PREFIX.format("ema_model.")]),
        (
            numbered,
            [
                PREFIX.format("features."),
                "Its layers are numbered: 0 is taken for conv1, 1 for bn1, 4 to 7 for layer1 to layer4.",
                HEAD.format("classifier"),
            ],
        ),
    ],
)
def test_how_a_training_wraps_it(weights: Tensors, rename: Callable[[str], str], told: list[str]) -> None:
    found, lines = torchvision_names({rename(name): array for name, array in weights.items()})
    assert {name: id(array) for name, array in found.items()} == {name: id(array) for name, array in weights.items()}
    assert lines == told


@pytest.mark.parametrize(
    "beside", ["criterion.weight", "loss_fn.weight", "train_acc.total", "val_metrics.confusion", "model_ema.module.bn1.weight"]
)
def test_losses_metrics_and_averages_are_left_out(weights: Tensors, beside: str) -> None:
    found, told = torchvision_names({**{f"model.{name}": array for name, array in weights.items()}, beside: np.ones(5)})
    assert found.keys() == weights.keys()
    assert told[1:] == [f"Left out: 1 tensors of a loss, a metric or a moving average ({beside!r})."]


def test_the_average_beside_bare_names_is_left_out(weights: Tensors) -> None:
    named, told = torchvision_names(weights | {f"ema.{name}": array + 1 for name, array in weights.items()})
    assert {name: array is weights[name] for name, array in named.items()} == dict.fromkeys(weights, True)
    assert "a moving average ('ema." in told[0]


def test_the_average_beside_the_network_is_left_out(weights: Tensors) -> None:
    average = {f"ema.module.{name}": array + 1 for name, array in weights.items()}
    found, told = torchvision_names({**average, **{f"model.{name}": array for name, array in weights.items()}})
    assert all(found[name] is array for name, array in weights.items())
    assert "moving average" in told[1]


@pytest.mark.parametrize(
    ("head", "extra"),
    [
        ("fc.", {"neck.weight": (512,), "neck.bias": (512,)}),
        ("head.2.", {"head.0.weight": (512, 512), "head.0.bias": (512,)}),
        ("head.1.", {"head.0.weight": (512,), "head.0.bias": (512,), "head.0.running_mean": (512,), "head.0.running_var": (512,)}),
        ("backbone.fc.", {"1.weight": (3, 5), "1.bias": (3,)}),
    ],
)
def test_a_layer_more_is_never_forgotten(weights: Tensors, head: str, extra: dict[str, tuple[int, ...]]) -> None:
    wrapped = {prefixed("backbone.", head)(name): array for name, array in weights.items()}
    found, _ = torchvision_names({**wrapped, **{name: np.ones(shape, np.float32) for name, shape in extra.items()}})
    with pytest.raises(ConvertError, match=next(iter(extra))):
        fit(found, parameter_shapes(NAME, 5), NAME)


def test_two_networks_are_refused(weights: Tensors) -> None:
    both = {f"{prefix}{name}": array for name, array in weights.items() for prefix in ("teacher.", "student.")}
    with pytest.raises(ConvertError, match=r"2 networks: 'teacher.', 'student.'\. Save one"):
        torchvision_names(both)


def test_one_name_twice_is_refused(weights: Tensors) -> None:
    with pytest.raises(ConvertError, match=r"holds bn1\.weight twice, in the network and beside it"):
        torchvision_names({**{f"model.{name}": array for name, array in weights.items()}, "bn1.weight": np.ones(64)})


HEADS = {"head_21k.weight": np.zeros((21, 512), np.float32), "head_21k.bias": np.zeros(21, np.float32)}


def test_one_of_two_classifiers_is_taken_by_its_number_of_classes(weights: Tensors) -> None:
    both = weights | HEADS
    with pytest.raises(ConvertError, match=r"2 classifiers: fc of 5 classes, head_21k of 21 classes.*--classes 5"):
        torchvision_names(both)
    named, told = torchvision_names(both, 5)
    assert set(named) == set(weights)
    assert told == ["Of 2 classifiers fc is taken; left out: 'head_21k'."]
    named, told = torchvision_names(both, 21)
    assert named["fc.weight"] is HEADS["head_21k.weight"]
    assert "head_21k is taken for the classifier fc." in told
    with pytest.raises(ConvertError, match="2 classifiers"):
        torchvision_names(both, 6)
    twins = {name.replace("fc.", "aux."): array for name, array in weights.items() if name.startswith("fc.")}
    with pytest.raises(ConvertError, match=r"fc of 5 classes, aux of 5 classes\. Save the network with one of them"):
        torchvision_names(weights | twins, 5)


def test_a_hidden_layer_is_no_second_classifier(weights: Tensors) -> None:
    hidden = {"hidden.weight": np.zeros((512, 512), np.float32)}
    assert "hidden.weight" in torchvision_names(weights | hidden, 5)[0]


def test_the_weights_of_a_loss_are_never_the_classifier(weights: Tensors) -> None:
    """Also where the network's names have nothing in front, and the loss has as many rows as classes."""
    loss = {"criterion.weight": weights["fc.weight"], "criterion.bias": weights["fc.bias"]}
    assert set(torchvision_names(weights | loss)[0]) == set(weights)
    with pytest.raises(ConvertError, match="a ResNet without its classifier"):
        torchvision_names({name: array for name, array in weights.items() if not name.startswith("fc.")} | loss)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("layer1.0.conv1.lora_A", "an adapter .*lora_A.*merge_and_unload"),
        ("base_model.model.fc.lora_B.default.weight", "an adapter"),
        ("layer1.0.adapter.down.weight", "an adapter"),
        ("layer1.0.conv1.base_layer.weight", "an adapter"),
        ("temperature", "scales its scores .'temperature'.*torch.onnx.export"),
        ("head.logit_scale", "scales its scores"),
    ],
)
def test_what_changes_other_layers_is_refused_by_name(weights: Tensors, name: str, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        torchvision_names(weights | {name: np.ones((1, 1), np.float32)})
