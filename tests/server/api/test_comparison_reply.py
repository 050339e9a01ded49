"""The reply about two evaluations."""

from server.api.comparison_reply import comparison_reply
from server.evaluation.report.run_comparison import FinishedRun, compare
from tests.server.evaluation.made_run import answer, failure, made_manifest


def test_every_figure_has_its_place() -> None:
    a = FinishedRun(made_manifest(4), [answer(0, 1, 1), answer(1, 1, 1), answer(2, 1, 2), answer(9, 1, 1)], class_names={1: "one"})
    b = FinishedRun(made_manifest(3, precision="int8", groups={"cat": (2, 3)}), [answer(0, 1, 1), failure(1, 1), answer(2, 1, 1)])
    told = comparison_reply("a" * 16, "b" * 16, compare(a, b))
    assert (told.common, told.only_in_a, told.only_in_b, told.labelled) == (3, 1, 0, 3)
    assert (told.both_right, told.only_a_right, told.only_b_right, told.both_wrong) == (1, 1, 1, 0)
    assert (told.top1_a.correct, told.top1_b.correct, told.agreement.correct) == (2, 2, 1)
    assert (told.difference, told.p) == (0.0, 1.0)
    assert [(row.label, row.images, row.right_a, row.right_b) for row in told.per_class] == [("one", 3, 2, 2)]
    assert [(image.name, image.right, image.predicted_a, image.predicted_b) for image in told.flipped] == [
        ("1.png", "a", 1, None),
        ("2.png", "b", 2, 1),
    ]
    assert told.manifest_differences["precision"] == ["nothing", "int8"]
    assert told.manifest_differences["groups"] == ["nothing", "cat 2, 3"]


def test_without_labels() -> None:
    run = FinishedRun(made_manifest(1), [answer(0, None, 1)])
    told = comparison_reply("a", "b", compare(run, run))
    assert (told.difference, told.difference_interval, told.top1_a.value, told.agreement.value) == (None, None, None, 1.0)
