"""The frame of a page: its policy, its style, its words."""

# ruff: noqa: RUF001 - Chinese has its own signs

import re
import tomllib
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from server.evaluation.report.report_page import FOLDER, POLICY, as_pictures, milliseconds, p_value, percent, places, points, words_of_page
from server.evaluation.run.run_manifest import RunManifest, ServedCalibration
from server.words.language import Language

WORDS = sorted(path.stem for path in (FOLDER / "words").glob("*.toml"))
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
PLACES = re.compile(r"\{\w*[^{}]*\}")


@pytest.mark.parametrize("name", WORDS)
def test_every_word_is_there_in_both_languages_with_the_same_places(name: str) -> None:
    for word, texts in tomllib.loads((FOLDER / "words" / f"{name}.toml").read_text("utf-8")).items():
        assert set(texts) == set(Language), word
        assert all(texts.values()), word
        assert set(PLACES.findall(texts["en"])) == set(PLACES.findall(texts["zh"])), word


@pytest.mark.parametrize("name", ["report", "comparison"])
def test_every_word_is_said(name: str) -> None:
    said = "".join(path.read_text("utf-8") for path in (*TEMPLATES, *FOLDER.glob("*.py")))
    dynamic = {"too_sure", "too_cautious", "as_measured"}
    left = [word for word in words_of_page(name, Language.EN) if not re.search(rf'say\.{word}\b|say\["{word}"\]', said)]
    assert [word for word in left if word not in dynamic and not word.startswith("draw_")] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_no_word_and_no_style_stands_in_a_template(template: Path) -> None:
    markup = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template.read_text("utf-8"), flags=re.DOTALL)
    assert not re.search(r"<[^>]*\s(style|on\w+)=|<script", markup)
    assert set(re.findall(r"[A-Za-z]{2,}", re.sub("<[^>]*>", " ", markup))) == set()


def test_every_field_of_a_manifest_has_a_word() -> None:
    fields = set(RunManifest.model_fields) - {"schema_version"} | set(ServedCalibration.model_fields)
    assert fields <= set(words_of_page("manifest", Language.EN))


def test_the_policy_names_the_style_by_its_hash_and_admits_no_other() -> None:
    css = (FOLDER / "report.css").read_bytes()
    assert f"style-src 'sha256-{b64encode(sha256(css).digest()).decode()}'" in POLICY
    assert "unsafe" not in POLICY


def test_numbers_for_a_person() -> None:
    assert [percent(None), percent(0.12345), percent(0.5, 0)] == ["–", "12.35%", "50%"]
    assert [points(None), points(-0.031), points(0.0)] == ["–", "−3.10", "+0.00"]
    assert [places(1.25, 1), p_value(0.00195), milliseconds(0.5), milliseconds(12.345), milliseconds(1234)] == [
        "1.2",
        "0.00195",
        "0.500",
        "12.35",
        "1234",
    ]
    assert as_pictures({1: b"x"}) == {1: "data:image/jpeg;base64,eA=="}
