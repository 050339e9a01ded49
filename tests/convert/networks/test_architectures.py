import math
from collections.abc import Callable

import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.networks.architectures import build_network, network, parameter_shapes, random_weights
from models.store import zoo_manifest, zoo_names
from tests.convert.cpu_model_made import cpu_model

Run = Callable[[bytes, np.ndarray], np.ndarray]


def test_every_zoo_model_has_its_architecture() -> None:
    """Or brings its network with it."""
    manifests = [zoo_manifest(name) for name in zoo_names()]
    own = [manifest.name for manifest in manifests if manifest.weights and manifest.weights.file.endswith(".onnx")]
    assert own == ["resnext_digits"]
    assert all(network(manifest.architecture) for manifest in manifests if manifest.name not in own)


def test_an_unknown_architecture() -> None:
    with pytest.raises(ConvertError, match=r"Unknown architecture 'vgg'.*efficientnet_lite0, .*resnext50_32x4d"):
        network("vgg")


def test_the_shapes_follow_the_classes() -> None:
    shapes = parameter_shapes("efficientnet_lite0", 7)
    assert (shapes["_fc.weight"], shapes["_fc.bias"]) == ((7, 1280), (7,))


def test_a_plain_network_of_any_size() -> None:
    model = build_network("resnext_1_1x32d", random_weights("resnext_1_1x32d", 3, 0), 3, (48, 32))
    (image,), (scores,) = model.graph.input, model.graph.output
    assert [d.dim_param or d.dim_value for d in image.type.tensor_type.shape.dim] == ["N", 3, 32, 48]
    assert [d.dim_param or d.dim_value for d in scores.type.tensor_type.shape.dim] == ["N", 3]


def test_random_weights_are_the_same_for_the_same_seed() -> None:
    first, again, other = (random_weights("efficientnet_lite0", 10, seed) for seed in (1, 1, 2))
    assert all((first[name] == again[name]).all() for name in first)
    assert (first["_fc.weight"] != other["_fc.weight"]).any()
    assert {name: array.shape for name, array in first.items()} == parameter_shapes("efficientnet_lite0", 10)


def test_random_filters_keep_the_variance_and_see_no_mean() -> None:
    weights = random_weights("resnext50_32x4d", 10, 0)
    kernel = weights["layer3.0.conv1.weight"]
    assert kernel.var() == pytest.approx(2 / math.prod(kernel.shape[1:]), rel=0.02)
    assert np.abs(kernel.mean((1, 2, 3))).max() < 1e-7
    assert set(weights["bn1.weight"]) == set(weights["bn1.running_var"]) == {1}
    assert set(weights["bn1.bias"]) == set(weights["bn1.running_mean"]) == {0}


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "resnext50_32x4d"])
def test_random_logits_are_finite_and_vary_with_the_image(run: Run, architecture: str) -> None:
    manifest = zoo_manifest(architecture)
    model = cpu_model(manifest, random_weights(architecture, manifest.classes, 0), (3,)).SerializeToString()
    width, height = manifest.recipe.input_size_px
    logits = run(model, np.random.default_rng(0).integers(0, 256, (3, height, width, 3), dtype=np.uint8))
    assert np.isfinite(logits).all()
    assert (logits.std(axis=1) > 0.1).all()
    assert (logits.std(axis=1) < 100).all()
    assert len(set(logits.argmax(axis=1))) > 1
