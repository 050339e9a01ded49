from models.manifest import ModelManifest, Recipe
from models.store import zoo_manifest
from pipelines.classifier_config import ClassifierConfig, ClassifierLimits, configure_classifier

LIMITS = ClassifierLimits(decoders=3, lanes=2, capacity=64)


def configured(manifest: ModelManifest) -> ClassifierConfig:
    return configure_classifier(manifest, "/store/x.om", LIMITS, device_id=1)


def test_a_stretched_picture_is_cropped_in_the_model() -> None:
    values = configured(zoo_manifest("resnext101_32x4d"))
    assert (values["resize"], values["resize_width_px"], values["resize_height_px"]) == ("stretch", 256, 256)
    assert (values["crop_width_px"], values["crop_height_px"]) == (0, 0)
    assert (values["classes"], values["top_k"], values["softmax"], values["ranking"]) == (1000, 16, True, "own")
    assert (values["device_id"], values["decoders"], values["lanes"], values["capacity"]) == (1, 3, 2, 64)


def test_after_the_short_side_the_classifier_crops() -> None:
    recipe = Recipe(
        resize="short_side", resize_width_px=256, resize_height_px=256, crop_width_px=224, crop_height_px=192, mean=(0, 0, 0), std=(1, 1, 1)
    )
    values = configured(zoo_manifest("efficientnet_lite0").model_copy(update={"recipe": recipe}))
    assert (values["resize"], values["resize_width_px"], values["crop_width_px"], values["crop_height_px"]) == ("short_side", 256, 224, 192)


def test_no_more_classes_than_there_are() -> None:
    assert configured(zoo_manifest("resnext_digits"))["top_k"] == 10
