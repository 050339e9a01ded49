import json
from pathlib import Path
from typing import Any

import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.network_names import check_names, names_beside, network_name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"architecture": "resnet50", "pretrained_cfg": {"tag": "a1_in1k"}, "global_pool": "avg"}, "resnet50"),
        ({"pretrained_cfg": {"architecture": "resnetblur50"}}, "resnetblur50"),
        ({"architecture": "resnet50", "model_args": {"act_layer": "silu", "num_classes": 7}}, "resnet50 with act_layer"),
        ({"architecture": "resnet50", "global_pool": "max"}, "resnet50 with global_pool max"),
        ({"architecture": "resnet50", "model_args": {"global_pool": "avg"}}, "resnet50"),
        ({"architecture": "resnet50", "global_pool": "avg", "model_args": {"global_pool": "max"}}, "resnet50 with global_pool max"),
        ({"architecture": "resnet50", "global_pool": "max", "model_args": {"global_pool": "max"}}, "resnet50 with global_pool max"),
        ({"architecture": "resnet50", "model_args": {"global_pool": None, "x": 1}}, "resnet50 with x, global_pool None"),
        ({"architectures": ["ViTForImageClassification"], "model_type": "vit"}, "ViTForImageClassification"),
        ({"model_type": "convnext"}, "convnext"),
        ({"model_type": "resnet", "architectures": ["ResNetForImageClassification"], "depths": [3, 4, 6, 3]}, "resnet50"),
        ({"model_type": "resnet", "depths": [2, 2, 2, 2], "layer_type": "basic", "hidden_act": "relu"}, "resnet18"),
        ({"model_type": "resnet", "depths": [3, 4, 6, 3], "downsample_in_bottleneck": True}, "resnet50 with downsample_in_bottleneck"),
        ({"model_type": "resnet", "depths": [3, 4, 6, 3], "hidden_act": "gelu"}, "resnet50 with hidden_act"),
        ({"image_mean": [0.5, 0.5, 0.5]}, ""),
        ({"architecture": 7, "architectures": [], "model_type": None}, ""),
    ],
)
def test_what_a_file_calls_its_network(content: dict[str, Any], name: str) -> None:
    assert network_name(content) == name


def test_files_beside_the_weights_and_the_named_one(tmp_path: Path) -> None:
    weights, elsewhere = tmp_path / "w.pth", tmp_path / "sub" / "config.json"
    elsewhere.parent.mkdir()
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet50"}))
    (tmp_path / "preprocessor_config.json").write_text("damaged")
    elsewhere.write_text(json.dumps({"architecture": "resnet50d"}))
    assert names_beside(weights, None) == names_beside(weights, tmp_path / "config.json") == [("config.json", "resnet50")]
    assert names_beside(weights, elsewhere) == [("config.json", "resnet50"), ("config.json", "resnet50d")]
    check_names(weights, None, "resnet50", "resnet50")
    with pytest.raises(ConvertError, match=r"w\.pth names the network 'resnetblur50'"):
        check_names(weights, None, "resnetblur50", "resnet50")
    with pytest.raises(ConvertError, match=r"config\.json names the network 'resnet50d'"):
        check_names(weights, elsewhere, "", "resnet50")
