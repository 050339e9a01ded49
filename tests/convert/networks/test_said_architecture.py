import pytest

from convert.conversion_errors import ConvertError
from convert.networks.said_architecture import check_said, same_network


@pytest.mark.parametrize(
    ("said", "recognised"),
    [
        ("resnet50", "resnet50"),
        ("ResNet-50", "resnet50"),
        ("resnet", "resnet50"),
        ("resnet50.a1_in1k", "resnet50"),
        ("hf_hub:timm/resnet50.tv2_in1k", "resnet50"),
        ("tv_resnet50", "resnet50"),
        ("gluon_resnet50_v1b", "resnet50"),
        ("resnet50_v1.5", "resnet50"),
        ("resnet50_swsl", "resnet50"),
        ("ig_resnext101_32x16d", "resnext101_32x16d"),
        ("resnext101_32x8d.fb_wsl_ig1b_ft_in1k", "resnext101_32x8d"),
        ("resnext50", "resnext50_32x4d"),
        ("wide_resnet50_2", "wide_resnet50_2"),
        ("seresnext50_32x4d.racm_in1k", "seresnext50_32x4d"),
        ("resnext_1-1_4x4d", "resnext_1-1_4x4d"),
        ("resnext101_32x4d", "resnext101_32x4d_same"),
        ("tf_efficientnet_lite0.in1k", "efficientnet_lite0"),
    ],
)
def test_names_of_one_network(said: str, recognised: str) -> None:
    assert same_network(said, recognised)
    check_said(said, "config.json", recognised)


OTHERS = [
    "resnetblur50",
    "resnetblur50.bt_in1k",
    "resnetaa50",
    "resnet50d",
    "resnet50t",
    "resnet50s",
    "resnet50c",
    "resnet50_gn",
    "resnet50_v1",
    "resnet_v1_50",
    "resnetv2_50",
    "resnext50d_32x4d",
    "resnext50_32x4d",
    "seresnet50",
    "seresnet50.ra2_in1k",
    "ecaresnet50d",
    "ecaresnet50t",
    "skresnet50",
    "gcresnet50t",
    "resnetrs50",
    "resnest50d",
    "resnet50_cbam",
    "resnet101",
    "resnet500",
    "wide_resnet50_2",
    "gluon_resnet50_v1s",
    "vit_base_patch16_224",
    "resnext50",
    "seresnet",
    "ViTForImageClassification",
]


@pytest.mark.parametrize(
    "said",
    OTHERS,
)
def test_another_network_is_refused_with_both_ways_on(said: str) -> None:
    message = (
        rf"config.json names the network '{said}', and .* a resnet50: .*import that file: torch.onnx.export.*: --architecture resnet50$"
    )
    with pytest.raises(ConvertError, match=message):
        check_said(said, "config.json", "resnet50")
