"""What the server says, in the language of a page. Each sentence of the fixed set is one that the code says; the script agrees with this
(tests/server/in_browser/test_server_words.py).
"""

# ruff: noqa: RUF001 - Chinese has its own signs

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.store import StoredModel
from server.calibration.calibrator import misfit
from server.oip.repository import is_ready
from server.serving.service import Phase
from server.web.page_words import FOLDER
from server.web.server_words import explained, phrases, translated
from server.words.language import Language
from server.words.word_file import read_words
from tests.level_model import store_level_model
from tests.server.calibration.calibration_made import made_calibration

OTHER = dict.fromkeys(("artifact_sha256", "recipe_sha256", "labels_sha256", "pipeline_sha256"), "b" * 64)
SOURCES = "".join(
    path.read_text("utf-8") for part in ("engines", "serving", "calibration") for path in sorted(Path("server", part).rglob("*.py"))
)


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    return store_level_model(tmp_path)


def said_of(model: StoredModel) -> list[str]:
    """Of a calibration of which nothing fits, and of a server that is not ready."""
    fitted = made_calibration(model, precision="bf16", decode="reduced", **OTHER)
    of_calibration = misfit(fitted, model.manifest, "").split("; ")
    served: Any = SimpleNamespace(engine=None)
    services: list[Any] = [SimpleNamespace(phase=phase, readiness=lambda: (False, "", "")) for phase in (Phase.STARTING, Phase.DRAINING)]
    return [*of_calibration, *(is_ready(service, served)[1] for service in services)]


def test_a_calibration_that_is_not_applied_is_told_whole(model: StoredModel) -> None:
    said = said_of(model)
    assert len(said) == 8
    words = [translated(each, Language.ZH) for each in said]
    assert all(words)
    assert words[0] == "校准时的模型文件与现在不同（当时 bbbbbbbbbbbb，现在 无）"
    assert words[4] == "校准时的精度与现在不同（当时 bf16，现在 文件自带精度）"
    assert translated("; ".join(said), Language.ZH) == "；".join(words)


def test_every_sentence_is_one_that_the_server_says(model: StoredModel) -> None:
    """A sentence that is changed in the code alone would be English from then on."""
    produced = said_of(model)
    for name, said in read_words(FOLDER / "told.toml", Language.EN).items():
        pieces = re.split(r"\{\w+\}", said)
        pattern = ".+".join(map(re.escape, pieces))
        assert all(piece in SOURCES for piece in pieces) or any(re.fullmatch(pattern, each) for each in produced), name


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("it ended.", "进程已结束"),
        ("it gave no result for 12.5 s.", "12.5 秒没有给出结果"),
        ("it took no image and gave no result for 10 s.", "10 秒没有接收图片，也没有给出结果"),
        ("stream: it ended.; mxbase: not running", "stream：进程已结束；mxbase：未运行"),
        ("The streams cannot be created (code 1001).", ""),
        ("stream: it ended.; mxbase: [Errno 28] No space left on device", ""),
        ("", ""),
    ],
)
def test_what_is_of_no_fixed_set_is_left_to_the_page(said: str, words: str) -> None:
    assert translated(said, Language.ZH) == words
    assert translated(said, Language.EN) == ""


def test_an_error_is_explained_by_its_code_where_the_page_is_not_in_the_language_of_the_server() -> None:
    assert explained("evaluation_lost", Language.ZH).startswith("评测结果无法保存：磁盘已满，或文件已损坏。腾出")
    assert explained("evaluation_lost", Language.EN) == explained("of_another_version", Language.ZH) == explained(None, Language.ZH) == ""
    assert phrases(Language.EN) == {}
