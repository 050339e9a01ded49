"""The words for a side."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.manifest import Transform
from models.model_errors import ClassifyError
from models.store import StoredModel
from server.cli.convert.parity_sources import SourceOptions, open_source, open_sources
from server.cli.flags import load_settings
from server.parity.engine_source import EngineSource
from server.parity.parity_errors import SourceInvalid
from server.settings import Settings
from server.types import Runtime
from tests.level_model import level_graph, store_level_model


@pytest.fixture
def options(tmp_path: Path) -> SourceOptions:
    store_level_model(tmp_path / "store")
    (tmp_path / "own.onnx").write_bytes(level_graph(1).SerializeToString())
    (tmp_path / "own.om").write_bytes(b"IMOD")
    return SourceOptions(load_settings(model_store=tmp_path / "store"), "level")


@pytest.mark.parametrize(
    ("word", "runtime"),
    [
        ("level", "cpu"),
        ("level@cpu", "cpu"),
        ("level@ascend", "ascend"),
        ("{}/store/level", "cpu"),
        ("{}/store/level@ascend", "ascend"),
        ("{}/own.onnx", "cpu"),
        ("{}/own.onnx@cpu", "cpu"),
        ("{}/own.om", "ascend"),
    ],
)
def test_words(options: SourceOptions, tmp_path: Path, word: str, runtime: str) -> None:
    word = word.format(tmp_path)
    facts = open_source(word, options).facts
    assert (facts["side"], facts["model"], facts["engine"], facts["runtime"]) == (word, "level", "stream", runtime)


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("{}/own.onnx@ascend", "does not run on ascend"),
        ("{}/missing.onnx", "There is no file"),
        ("nonsense", "The model 'nonsense' is neither"),
        ("level:original", "served with the transform of its training itself"),
        ("ftp://host", "The model 'ftp://host' is neither"),
        ("http://host?path", "is not the address of a server"),
    ],
)
def test_words_that_are_refused(options: SourceOptions, tmp_path: Path, word: str, complaint: str) -> None:
    with pytest.raises(ClassifyError, match=complaint):
        open_source(word.format(tmp_path), options)


def test_the_former_word_names_the_new_one(options: SourceOptions) -> None:
    with pytest.raises(SourceInvalid) as caught:
        open_source("level@host", options)
    assert str(caught.value) == "level@host: the runtime host is now called cpu. Write level@cpu"
    assert open_source(caught.value.remedy.removeprefix("Write "), options).facts["runtime"] == "cpu"


def test_a_file_that_does_not_say_whose_it_is(options: SourceOptions, tmp_path: Path) -> None:
    with pytest.raises(ClassifyError, match="--model NAME"):
        open_source(str(tmp_path / "own.onnx"), SourceOptions(options.settings))


def test_the_vendors_sdk_runs_once(options: SourceOptions, tmp_path: Path) -> None:
    with pytest.raises(ClassifyError, match="runs once in a process"):
        open_sources(("level@ascend", str(tmp_path / "own.om")), options)


def test_the_original_transform(options: SourceOptions, tmp_path: Path) -> None:
    model = store_level_model(tmp_path / "store", "cropped")
    transform = Transform(name="theirs", resize_px=40, crop_px=32, interpolation="bicubic")
    model.manifest.model_copy(update={"transform": transform}).write(model.folder / "manifest.toml")
    assert open_source("cropped:original", options).facts["engine"] == "original transform theirs"


def test_side_b_decodes_as_the_option_says_and_side_a_exactly(options: SourceOptions) -> None:
    reduced = replace(options, settings=options.settings.model_copy(update={"decode": "reduced"}), decode="reduced")
    assert [side.facts["decode"] for side in open_sources(("level", "level"), reduced)] == ["exact", "reduced"]
    exact = replace(reduced, decode="exact")
    assert [side.facts["decode"] for side in open_sources(("level", "level"), exact)] == ["exact", "exact"]
    with pytest.raises(SourceInvalid, match="--decode has no effect on http://host"):
        open_sources(("level", "http://host"), reduced)


@pytest.mark.parametrize(("wish", "option"), [({"precision": "bf16"}, "--precision"), ({"decode": "reduced"}, "--decode")])
def test_a_chip_takes_neither_precision_nor_decode(options: SourceOptions, wish: dict[str, Any], option: str) -> None:
    with pytest.raises(SourceInvalid, match=f"^{option} has no effect on level@ascend: .*Name MODEL@cpu as B"):
        open_sources(("level@cpu", "level@ascend"), replace(options, **wish))


def test_a_side_on_a_chip_asks_for_no_precision(options: SourceOptions) -> None:
    on_cpu, on_chip = open_sources(("level@cpu", "level@ascend"), options)
    assert isinstance(on_cpu, EngineSource)
    assert isinstance(on_chip, EngineSource)
    assert (on_cpu._settings.precision, on_chip._settings.precision) == ("f32", "")


@pytest.mark.parametrize("scores", ["probability", "logit"])
def test_an_om_gives_the_scores_that_were_declared(
    options: SourceOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scores: str
) -> None:
    (tmp_path / "own.om.json").write_text(json.dumps({"score_type": scores}))
    models: list[StoredModel] = []

    class Noted(EngineSource):
        def __init__(self, side: str, settings: Settings, model: StoredModel, runtime: Runtime | None = None) -> None:
            models.append(model)
            super().__init__(side, settings, model, runtime)

    monkeypatch.setattr("server.parity.engine_source.EngineSource", Noted)
    open_source(str(tmp_path / "own.om"), options)
    assert [model.check_artifact("Ascend310")[0].score_type for model in models] == [scores]


def test_scores_of_an_unknown_kind(options: SourceOptions, tmp_path: Path) -> None:
    (tmp_path / "own.om.json").write_text('{"score_type": "odds"}')
    with pytest.raises(SourceInvalid, match=r"own\.om\.json has the score_type 'odds'\. Write logit or probability"):
        open_source(str(tmp_path / "own.om"), options)
