"""Where two runs differ: known classes, known images."""

from server.evaluation.report.intervals import mcnemar_p, paired_difference
from server.evaluation.report.run_differences import MAX_FLIPPED, NO_CLASS, Differences, Side


def test_a_class_has_its_difference_and_the_largest_comes_first() -> None:
    found = Differences({1: "cat", 2: "dog"})
    for number in range(10):
        found.add(f"cat {number}", 1, Side(1, 0.9), Side(1 if number < 4 else 2, 0.5 + number / 100))
        found.add(f"dog {number}", 2, Side(2, 0.9), Side(2, 0.9))
    cat, dog = found.by_class()
    assert (cat.name, cat.images, cat.right_a, cat.right_b, cat.difference) == ("cat", 10, 10, 4, -0.6)
    assert (cat.interval, cat.mcnemar_p) == (paired_difference(6, 0, 10)[1], mcnemar_p(6, 0))
    assert (dog.name, dog.difference, dog.mcnemar_p) == ("dog", 0.0, 1.0)
    flipped = found.flipped(a_right=True)
    assert [image.name for image in flipped] == [f"cat {number}" for number in (9, 8, 7, 6, 5, 4)]
    assert (flipped[0].predicted_a, flipped[0].name_b, flipped[0].score_a, flipped[0].score_b) == (1, "dog", 0.9, 0.59)
    assert found.flipped(a_right=False) == ()


def test_a_failure_has_no_class_and_the_examples_are_bounded() -> None:
    found = Differences({})
    for number in range(40):
        found.add(str(number), 3, Side(NO_CLASS, 0.0), Side(3, 0.9))
    flipped = found.flipped(a_right=False)
    assert len(flipped) == MAX_FLIPPED
    assert (flipped[0].right, flipped[0].name_a, flipped[0].score_a, flipped[0].name_b, flipped[0].label_name) == (
        "b",
        None,
        None,
        "3",
        "3",
    )
    assert found.by_class()[0].difference == 1.0
