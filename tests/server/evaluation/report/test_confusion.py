"""The matrix of a report."""

import numpy as np

from server.evaluation.report.confusion import MOST_CLASSES, confusion_of
from tests.server.evaluation.made_run import class_names


def test_a_small_matrix_is_shown_whole_without_classes_that_are_not_there() -> None:
    matrix = np.zeros((4, 4), np.int32)
    matrix[0, 0], matrix[0, 3], matrix[3, 3] = 5, 2, 1
    found = confusion_of(matrix, class_names(4))
    assert found
    assert (found.classes, found.names, found.of) == ((0, 3), ("class 0", "class 3"), 2)
    assert (found.counts, found.others) == (((5, 2), (0, 1)), (0, 0))


def test_of_many_classes_the_most_confused_are_shown_and_rows_stay_whole() -> None:
    classes = 60
    matrix = np.diag(np.full(classes, 10, np.int32))
    for class_id in range(10, classes):  # the first ten are only confused once each, with class 0
        matrix[class_id, (class_id - 9) % 50 + 10] += 3
    matrix[10, 0] = 1
    found = confusion_of(matrix, class_names(classes))
    assert found
    assert len(found.classes) == MOST_CLASSES
    assert found.classes == tuple(range(10, 60))
    assert found.others == (1,) + (0,) * 49
    assert [sum(row) + other for row, other in zip(found.counts, found.others, strict=True)] == matrix[10:].sum(axis=1).tolist()
    assert found.of == classes


def test_without_an_answer_there_is_no_matrix() -> None:
    assert confusion_of(np.zeros((3, 3), np.int32), class_names(3)) is None
