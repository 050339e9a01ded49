"""What the page says of known figures."""

# ruff: noqa: RUF001 - Chinese has its own signs

import pytest

from server.evaluation.report.calibration import ClassCalibration
from server.evaluation.report.intervals import Share
from server.evaluation.report.picture_kinds import SizeRow
from server.evaluation.report.report import build_report
from server.evaluation.report.report_page import words_of_page
from server.evaluation.report.report_words import (
    class_verdict,
    confidence_words,
    in_line,
    manifest_words,
    plot_alternatives,
    size_words,
    totals,
)
from server.words.language import Language
from tests.server.evaluation.made_run import answer, class_names, failure, made_manifest

RECORDS = [answer(0, 1, 1, 2), answer(1, 1, 2, 1), answer(2, 2, 2), failure(3, 2), answer(4, None, 1)]
REPORT = build_report(RECORDS, made_manifest(5, labelled=4, top_k=2), class_names(4))
EN, ZH = (words_of_page("report", language) for language in Language)


def test_every_denominator_has_a_row() -> None:
    found = {name: number for name, number, _ in totals(REPORT.denominators, EN)}
    assert (found["Listed"], found["Failed: undecodable_image"], found["Without a label"]) == (5, 1, 1)
    assert "失败：undecodable_image" in [name for name, _, _ in totals(REPORT.denominators, ZH)]


def test_who_does_not_see_a_plot_is_told_its_figures() -> None:
    alternatives = plot_alternatives(REPORT, EN)
    assert alternatives["confidence"] == "0 of 3 images have a confidence above 93%; 0 of them are right."
    assert alternatives["recall"] == "0 of 2 classes have a recall of 100%; the lowest is 50.00%."
    assert alternatives["reliability"].startswith("1 of 15 bins hold images. The accuracy is below the confidence in 1 of them")


def test_scores_are_the_models_own_or_calibrated() -> None:
    assert confidence_words(REPORT, EN).endswith(REPORT.manifest.calibration_words)
    fitted = {"temperature": 0.47, "evaluation": "a77049bf", "images": 180, "ece_before": 0.0919, "ece_after": 0.0102}
    report = build_report(RECORDS, made_manifest(5, calibration=fitted), class_names(4))
    assert confidence_words(report, EN).endswith(report.manifest.calibration_words)
    assert "温度 0.4700 来自评测 a77049bf" in confidence_words(report, ZH)
    assert "不是概率" in confidence_words(build_report(RECORDS, made_manifest(5, score_type="logit"), class_names(4)), ZH)
    grouped = build_report(RECORDS, made_manifest(5, groups={"cat": (1, 2)}), class_names(4))
    assert confidence_words(grouped, EN).startswith("Labels stand for several classes, so there is no calibration")


@pytest.mark.parametrize(("confidence", "verdict"), [(0.9, "too_sure"), (0.5, "as_measured"), (0.1, "too_cautious")])
def test_a_class_is_judged_by_the_interval_of_its_accuracy(confidence: float, verdict: str) -> None:
    row = ClassCalibration(class_id=0, name="a", accuracy=Share.of(10, 20), confidence=confidence)
    assert class_verdict(row) == verdict


def test_sizes_are_squares() -> None:
    share = Share.of(1, 2)
    rows = [SizeRow(from_px=low, below_px=high, accuracy=share) for low, high in ((0, 256), (4096, 16384), (8192**2, None))]
    assert [size_words(row, EN) for row in rows] == ["below 16²", "64² to 128²", "8192² and more"]


def test_a_manifest_is_complete() -> None:
    fields = words_of_page("manifest", Language.ZH)
    told = dict(manifest_words(made_manifest(1, versions={"a&b": "1"}, groups={"cat": (1, 2)}), fields, Language.ZH))
    assert (told["版本: a&b"], told["类别组: cat"], told["数据集格式"]) == ("1", "1, 2", "类别文件夹（类别编号）")
    assert len(told) == len(made_manifest(1).model_dump()) - 2 - 3 + 2  # without two; three are tables, two have a row
    assert in_line({"a": (1, 2), "b": None}, Language.EN) == "a 1, 2, b –"
    assert in_line(("Labels from a.txt.", "A note."), Language.EN) == "Labels from a.txt. A note."
