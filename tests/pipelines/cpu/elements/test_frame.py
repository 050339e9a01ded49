import numpy as np

from pipelines.cpu.elements.frame import Preprocessed, Vision

PIXELS = np.zeros((48, 64, 3), np.uint8)


def test_each_change_notes_the_size_before_it() -> None:
    once = Vision(PIXELS, preprocessed=Vision(PIXELS[:24]).changed_by("resize"))
    assert once.changed_by("crop") == (Preprocessed(64, 24, "resize"), Preprocessed(64, 48, "crop"))


def test_a_reduced_picture_counts_as_the_whole_one() -> None:
    assert Vision(PIXELS, full_px=(640, 480)).changed_by("resize") == ((640, 480, "resize"),)
