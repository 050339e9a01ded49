"""The tables of the page."""

import re

from server.evaluation.report.report import build_report
from server.evaluation.report.report_parts import accuracy_table, class_table, confused_table, denominators_table, figures, manifest_list
from tests.server.evaluation.made_run import answer, class_names, failure, made_manifest

RECORDS = [answer(0, 1, 1, 2), answer(1, 1, 2, 1), answer(2, 2, 2), failure(3, 2), answer(4, None, 1)]
REPORT = build_report(RECORDS, made_manifest(5, labelled=4, top_k=2), class_names(4))


def rows(html: str) -> list[list[str]]:
    cells = [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall("<tr>(.*?)</tr>", html)]
    return [[re.sub("<[^>]*>", "", cell) for cell in row] for row in cells]


def test_accuracy_names_both_denominators() -> None:
    head, first, second = rows(accuracy_table(REPORT))
    assert (head[2], head[4]) == ("of 4 listed", "of 3 answered")
    assert (first[0], first[1], first[2], first[4]) == ("Top-1", "2", "50.00%", "66.67%")
    assert (second[2], second[4]) == ("75.00%", "100.00%")


def test_every_denominator_has_a_row() -> None:
    found = {row[0]: row[1] for row in rows(denominators_table(REPORT.denominators))}
    assert found["Listed"] == "5"
    assert found["Failed: undecodable_image"] == "1"
    assert found["Without a label"] == "1"


def test_classes_and_pairs() -> None:
    assert rows(class_table(REPORT))[1:] == [["class 1 1", "2", "50.00%", "100.00%", ""], ["class 2 2", "2", "50.00%", "50.00%", ""]]
    assert rows(confused_table(REPORT))[1:] == [["class 1 1", "class 2 2", "1", "50.00%"]]


def test_the_first_figures_are_the_first_and_the_last_k() -> None:
    text = figures(REPORT)
    assert "Top-1 of all listed images" in text
    assert "Top-2 of all listed images" in text
    assert "2 of 4" in text


def test_a_manifest_is_escaped_and_complete() -> None:
    text = manifest_list(made_manifest(1, dataset="<script>", versions={"a&b": "1"}))
    assert "&lt;script&gt;" in text
    assert "versions: a&amp;b" in text
    assert text.count("<dt>") == len(made_manifest(1).model_dump()) - 2 - 3 + 1  # without two; three are tables, one has a row


def test_without_labels_there_is_no_accuracy() -> None:
    assert "The images have no labels" in accuracy_table(build_report([answer(0, None, 1)], made_manifest(1, labelled=0), class_names(4)))
