"""Counting: places, ties, unreadable images, a last batch that is smaller."""

import mindspore as ms
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.training.evaluation import Accuracy, count_correct, places_of
from models.training.training_errors import TrainingDiverged

SCORES = np.array([[3.0, 1.0, 2.0, 0.0, -1.0, -2.0]], np.float32)


@pytest.mark.parametrize(("label", "place"), [(0, 0), (2, 1), (1, 2), (5, 5), (-1, 6)])
def test_places(label: int, place: int) -> None:
    assert places_of(SCORES, np.array([label], np.int32)).tolist() == [place]


def test_of_equal_scores_the_lower_class_comes_first() -> None:
    assert places_of(np.zeros((3, 3), np.float32), np.array([0, 1, 2], np.int32)).tolist() == [0, 1, 2]


@given(hnp.arrays(np.float32, (4, 7), elements=st.integers(-3, 3).map(float)), st.lists(st.integers(0, 6), min_size=4, max_size=4))
def test_places_are_those_of_a_stable_sort(scores: np.ndarray, labels: list[int]) -> None:
    order = np.argsort(-scores, axis=1, kind="stable")
    expected = [order[row].tolist().index(label) for row, label in enumerate(labels)]
    assert places_of(scores, np.array(labels, np.int32)).tolist() == expected


class Corner(ms.nn.Cell):
    """The logits stand in the first row of the image."""

    def construct(self, image: ms.Tensor) -> ms.Tensor:
        return image[:, 0, 0, :]


def test_every_image_counts_once() -> None:
    image = np.zeros((3, 3, 8, 8), np.float32)
    image[:, 0, 0] = np.arange(8)
    network = Corner().set_train()
    found = count_correct(network, [(image, np.array([7, 4, 2], np.int32)), (image[:1], np.array([-1], np.int32))], batch_size=3)
    assert found == Accuracy(images=4, top1=1, top5=2)
    assert network.training


def test_logits_that_are_no_numbers() -> None:
    with pytest.raises(TrainingDiverged):
        count_correct(Corner(), [(np.full((1, 3, 8, 8), np.nan, np.float32), np.zeros(1, np.int32))], batch_size=1)
