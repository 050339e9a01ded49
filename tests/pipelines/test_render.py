import json
from pathlib import Path

import pytest

import pipelines
from models.manifest import ModelManifest, Recipe
from models.store import zoo_manifest, zoo_names
from pipelines.classification import ClassificationConfig
from pipelines.cpu.text.spec import StreamSpec, parse_pipeline
from pipelines.render import NETWORK, SINK, PipelinePaths, render_config, render_picture_stream, render_pipeline

PATHS = PipelinePaths("/store/m/m.om", "/run/m.cfg", "/store/m/m.names")
SHORT_SIDE = Recipe(
    resize="short_side", resize_width_px=256, resize_height_px=256, crop_width_px=224, crop_height_px=192, mean=(0, 0, 0), std=(1, 1, 1)
)


def rendered(manifest: ModelManifest, names: tuple[str, ...] = ("s",), device_id: int = 0) -> list[StreamSpec]:
    return parse_pipeline(render_pipeline(manifest, PATHS, list(names), device_id))


@pytest.mark.parametrize("name", zoo_names())
def test_the_chain_and_its_files(name: str) -> None:
    [stream] = rendered(zoo_manifest(name))
    assert [element.factory.removeprefix("mxpi_") for element in stream.elements.values()] == [
        *("appsrc", "imagedecoder", "imageresize", "tensorinfer", "classpostprocessor", "dataserialize", "appsink")
    ]
    infer, post = stream.elements["mxpi_tensorinfer0"].props, stream.elements["mxpi_classpostprocessor0"].props
    assert (infer["modelPath"], infer["waitingTime"], infer["outputDeviceId"]) == ("/store/m/m.om", 2, -1)
    assert (post["postProcessConfigPath"], post["labelPath"]) == ("/run/m.cfg", "/store/m/m.names")
    assert post["postProcessLibPath"] == "libresnet50postprocess.so"
    assert stream.elements["mxpi_dataserialize0"].props["outputDataKeys"] == "mxpi_classpostprocessor0"


def test_a_stretched_and_cropped_recipe_is_stretched_only_as_the_model_crops() -> None:
    [stream] = rendered(zoo_manifest("resnext101_32x4d"))
    props = stream.elements["mxpi_imageresize0"].props
    assert (props["resizeType"], props["resizeWidth"], props["resizeHeight"]) == ("Resizer_Stretch", 256, 256)
    assert not stream.of_factory("mxpi_opencvcentercrop")


def test_a_recipe_by_the_short_side_is_cropped_in_the_pipeline() -> None:
    [stream] = rendered(zoo_manifest("resnext101_32x4d").model_copy(update={"recipe": SHORT_SIDE}))
    resize, crop = stream.elements["mxpi_imageresize0"], stream.elements["mxpi_opencvcentercrop0"]
    assert (resize.props["resizeType"], resize.props["scaleValue"]) == ("Resizer_KeepAspectRatio_Short", 256)
    assert (crop.props["cropWidth"], crop.props["cropHeight"]) == (224, 192)
    assert (resize.next, crop.next) == (("mxpi_opencvcentercrop0",), ("mxpi_tensorinfer0",))


def test_every_stream_is_alike_but_for_its_name() -> None:
    streams = rendered(zoo_manifest("efficientnet_lite0"), ("a", "b"), device_id=3)
    assert [(stream.name, stream.device_id) for stream in streams] == [("a", 3), ("b", 3)]
    assert streams[0].elements == streams[1].elements


def test_streams_of_scores_end_behind_the_network_and_change_no_other() -> None:
    manifest = zoo_manifest("efficientnet_lite0")
    alone, *scores = parse_pipeline(render_pipeline(manifest, PATHS, ["a"], 2, ["scores0", "scores1"]))
    assert [alone] == rendered(manifest, ("a",), device_id=2)
    assert [stream.name for stream in scores] == ["scores0", "scores1"]
    for stream in scores:
        assert [element.factory.removeprefix("mxpi_") for element in stream.elements.values()] == [
            *("appsrc", "imagedecoder", "imageresize", "tensorinfer", "appsink")
        ]
        assert stream.device_id == 2
        assert stream.elements[NETWORK].next == (SINK,)


def test_every_value_is_a_text() -> None:
    streams = json.loads(render_pipeline(zoo_manifest("efficientnet_lite0"), PATHS, ["s"], 1))
    values = [value for body in streams["s"].values() for value in body.get("props", body).values()]
    assert len(values) == 15
    assert all(isinstance(value, str) for value in values)


@pytest.mark.parametrize(("classes", "top_k"), [(2, 2), (16, 16), (1000, 16)])
def test_the_config(tmp_path: Path, classes: int, top_k: int) -> None:
    path = tmp_path / "m.cfg"
    path.write_text(render_config(zoo_manifest("efficientnet_lite0").model_copy(update={"classes": classes})))
    assert ClassificationConfig.read(path) == ClassificationConfig(classes=classes, softmax=True, top_k=top_k)


def test_the_checked_in_pipeline_is_rendered_from_the_zoo() -> None:
    folder = Path(pipelines.__path__[0])
    manifest = zoo_manifest("resnext101_32x4d")
    paths = PipelinePaths("model_store/resnext101_32x4d/resnext101_32x4d.om", "pipelines/resnext101.cfg", "models/zoo/imagenet.names")
    assert (folder / "resnext101.pipeline").read_bytes() == render_pipeline(manifest, paths, ["resnext101"])
    assert (folder / "resnext101.cfg").read_text() == render_config(manifest)


@pytest.mark.parametrize("recipe", [None, SHORT_SIDE])
def test_the_stream_of_pictures_is_the_beginning_of_the_one_that_classifies(recipe: Recipe | None) -> None:
    manifest = zoo_manifest("resnext101_32x4d")
    manifest = manifest.model_copy(update={"recipe": recipe or manifest.recipe})
    [pictures], [whole] = parse_pipeline(render_picture_stream(manifest, "s")), rendered(manifest)
    *before, last, sink = pictures.elements
    assert [pictures.elements[name] for name in before] == [whole.elements[name] for name in before]
    assert (pictures.elements[last].props, pictures.elements[last].next) == (whole.elements[last].props, (sink,))
    assert whole.elements[last].next == ("mxpi_tensorinfer0",)
