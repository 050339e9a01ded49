"""The CSV of a run: rows, going on after a step, a line cut short; the picture."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.curves import ACCURACY_COLUMNS, LOSS_COLUMNS, add_to_curve, begin_curve, plot, read_curve


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "loss.csv"
    begin_curve(path, LOSS_COLUMNS, 0)
    for step in range(1, 5):
        add_to_curve(path, step, step / 2, 0.1, 1 / step, 1, 100.5)
    return path


def test_rows_come_back(path: Path) -> None:
    assert path.read_text().splitlines()[:2] == ["step,epoch,lr,loss,loss_scale,images_per_s", "1,0.5,0.1,1,1,100.5"]
    assert read_curve(path)[2] == (3, 1.5, 0.1, 1 / 3, 1, 100.5)


def test_a_resumed_run_forgets_what_it_will_compute_again(path: Path) -> None:
    begin_curve(path, LOSS_COLUMNS, 2)
    assert [row[0] for row in read_curve(path)] == [1, 2]
    begin_curve(path, LOSS_COLUMNS, 0)
    assert read_curve(path) == []


def test_a_line_that_a_kill_cut_short(path: Path) -> None:
    path.write_text(path.read_text() + "5,2.5,0.")
    assert [row[0] for row in read_curve(path)] == [1, 2, 3, 4]
    path.write_text("")
    assert read_curve(path) == read_curve(path.with_name("absent.csv")) == []


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=6, max_size=6))
def test_numbers_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, row: list[float]) -> None:
    path = tmp_path_factory.mktemp("curve") / "loss.csv"
    begin_curve(path, LOSS_COLUMNS, 0)
    add_to_curve(path, *row)
    assert read_curve(path) == [tuple(row)]


def test_the_picture(path: Path) -> None:
    accuracy, picture = path.with_name("accuracy.csv"), path.with_name("curves.png")
    begin_curve(accuracy, ACCURACY_COLUMNS, 0)
    plot(accuracy, accuracy, picture)
    assert not picture.exists()
    plot(path, accuracy, picture)
    assert np.asarray(cv2.imread(str(picture))).shape == (350, 800, 3)
    add_to_curve(accuracy, 2, 1, 5, 9, 10)
    plot(path, accuracy, picture)
    assert np.asarray(cv2.imread(str(picture))).shape == (600, 800, 3)
