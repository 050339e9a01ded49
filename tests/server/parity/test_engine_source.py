"""A model of the store, and a file in the place of its artifact, through the engine that serves."""

from pathlib import Path

import pytest

from models.model_errors import ArtifactDamaged
from server.cli.flags import load_settings
from server.errors import UnsupportedImage
from server.parity.engine_source import EngineSource, ModelWithFile
from server.parity.sources import SourceAnswer
from tests.level_model import level_graph, level_png, store_level_model


def best(answers: list[SourceAnswer]) -> list[object]:
    return [answer[0][0] if isinstance(answer, tuple) else type(answer) for answer in answers]


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Images of the classes 0 to 19, except number 7, which is not an image; more than the window takes."""
    paths = [tmp_path / f"{number}.png" for number in range(20)]
    for number, path in enumerate(paths):
        path.write_bytes(level_png(4 * number) if number != 7 else b"rubbish")
    return paths


def test_answers_come_in_order_and_a_hand_written_pipeline_does_not_count(tmp_path: Path, images: list[Path]) -> None:
    model = store_level_model(tmp_path / "store")
    settings = load_settings(model_store=tmp_path / "store", window=3, pipeline=tmp_path / "none.pipeline", model="other")
    side = EngineSource("level@cpu", settings, model, "cpu")
    answers = list(side.answers(images))
    assert best(answers) == [*range(7), UnsupportedImage, *range(8, 20)]
    assert {len(answer) for answer in answers if isinstance(answer, tuple)} == {16}
    assert side.facts == {
        "side": "level@cpu",
        "model": "level",
        "version": "1",
        "recipe_sha256": model.manifest.recipe.sha256,
        "labels_sha256": model.manifest.labels_sha256,
        "engine": "stream",
        "runtime": "cpu",
        "precision": "f32",
        "decode": "exact",
    }


def test_a_file_stands_for_the_models_artifact(tmp_path: Path, images: list[Path]) -> None:
    """One of dynamic batches, whose model in the store is damaged: nobody looks at that."""
    model = store_level_model(tmp_path / "store")
    (model.folder / "level.onnx").write_bytes(b"")
    file = tmp_path / "mine.onnx"
    file.write_bytes(level_graph("N", "1,4").SerializeToString())
    settings = load_settings(model_store=tmp_path / "store")
    side = EngineSource(str(file), settings, ModelWithFile(model.manifest, model.folder, file, (1, 4)))
    assert best(list(side.answers(images[:7]))) == [*range(7)]
    declared = ModelWithFile(model.manifest, model.folder, file, score_type="probability")
    assert declared.check_artifact("Ascend310")[0].score_type == "probability"
    with pytest.raises(ArtifactDamaged):
        list(EngineSource("level", settings, model).answers(images))
