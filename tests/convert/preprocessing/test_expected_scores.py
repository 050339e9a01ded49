from pathlib import Path

import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.expected_scores import logs_of, read_scores, share_of_difference

LOGITS = np.array([1.0, 3.0, -2.0, 0.5])


def test_logits_and_their_probabilities_are_one(tmp_path: Path) -> None:
    powers = np.exp(LOGITS)
    for number, scores in enumerate((LOGITS, LOGITS[None] + 7, powers / powers.sum(), LOGITS.astype(np.float32))):
        np.save(tmp_path / f"{number}.npy", scores)
        np.testing.assert_allclose(read_scores(tmp_path / f"{number}.npy", 4), np.log(powers / powers.sum()), atol=1e-6)


def test_a_difference_is_a_share_of_the_span() -> None:
    expected, found = logs_of(LOGITS), logs_of(LOGITS)
    assert share_of_difference(expected, found) == 0
    found[2] += 1
    assert share_of_difference(expected, found) == pytest.approx(1 / 5)


def test_a_probability_of_nothing_has_a_logarithm() -> None:
    assert np.isfinite(logs_of(np.array([1.0, 0.0]))).all()
    assert np.isfinite(logs_of(np.array([1000.0, 0.0]))).all()


@pytest.mark.parametrize(
    "scores", [LOGITS[:3], np.stack([LOGITS, LOGITS]), np.array([1, 2, 3, 4]), np.array([1, 2, 3, np.nan]), np.array("x")]
)
def test_scores_that_do_not_fit(tmp_path: Path, scores: np.ndarray) -> None:
    np.save(tmp_path / "scores.npy", scores)
    with pytest.raises(ConvertError, match=r"and not 4 finite numbers"):
        read_scores(tmp_path / "scores.npy", 4)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"text", b"\x80\x04cos\nsystem\n", bytes((1 << 20) + 1)])
def test_what_is_not_an_array(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scores.npy").write_bytes(content)
    with pytest.raises(ConvertError, match=r"numpy.save"):
        read_scores(tmp_path / "scores.npy", 4)


def test_objects_are_not_read(tmp_path: Path) -> None:
    np.save(tmp_path / "scores.npy", np.array([Path("x")] * 4), allow_pickle=True)
    with pytest.raises(ConvertError, match="cannot be read"):
        read_scores(tmp_path / "scores.npy", 4)
