"""The samples' summary."""

import pytest

from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.report.report import build_report
from server.evaluation.report.summary import seed_summary
from tests.server.evaluation.made_run import answer, class_names, failure, made_manifest


def test_the_summary_is_the_samples_with_the_real_number_of_classes() -> None:
    records = [answer(0, 1, 1, 2), answer(1, 2, 1, 2), failure(2, 3)]
    report = build_report(records, made_manifest(3, 5, top_k=2), class_names(5))
    assert seed_summary(report) == {
        "title": "Overall statistical evaluation",
        "value": [
            {"key": "Number of images", "value": "3"},
            {"key": "Number of classes", "value": "3"},
            {"key": "Top1 accuracy", "value": "33.33%"},
            {"key": "Top2 accuracy", "value": "66.67%"},
        ],
    }


def test_without_labels_there_is_nothing_to_sum_up() -> None:
    with pytest.raises(RunInvalid, match="No image of this run has a label"):
        seed_summary(build_report([answer(0, None, 1)], made_manifest(1, labelled=0), class_names(4)))
