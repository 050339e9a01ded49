import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cpu.elements.tablesoftmax import table_softmax


def bits(*logits: float) -> list[int]:
    return [int(one) for one in table_softmax(np.array(logits, np.float32)).view(np.int32)]


@settings(deadline=None)
@given(logits=st.lists(st.floats(-30, 80, width=32), min_size=1, max_size=50).filter(lambda logits: max(logits) > -10))
def test_it_is_nearly_softmax(logits: list[float]) -> None:
    exact = np.exp(np.array(logits) - max(logits))
    scores = table_softmax(np.array(logits, np.float32))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, exact / exact.sum(), rtol=1e-4, atol=1e-9)


def test_a_large_logit_overflows() -> None:
    np.testing.assert_array_equal(table_softmax(np.array([89, 10, 1], np.float32)), np.array([np.nan, 0, 0], np.float32))


def test_small_logits_stay_as_they_are() -> None:
    np.testing.assert_array_equal(table_softmax(np.array([-300, -301], np.float32)), np.array([-300, -301], np.float32))


def test_infinities_are_cut_and_nan_is_0() -> None:
    assert np.isnan(table_softmax(np.array([np.inf, 1], np.float32))[0])
    np.testing.assert_allclose(table_softmax(np.array([-np.inf, np.nan, 0], np.float32)), [0, 0.5, 0.5], atol=1e-30)


@pytest.mark.parametrize(
    ("logits", "made"),
    [
        ((48.8125, 48.8), [1057017088, 1056859649]),
        ((-327 / 65536, 0, 1), [1045966095, 1046036961, 1058251844]),
        ((-12.3456, 3.25, -0.00001, 7.77), [821660111, 1009805706, 970646347, 1065165566]),
    ],
)
def test_bits_as_the_vendors_header_makes_them(logits: tuple[float, ...], made: list[int]) -> None:
    """Made with g++ 12 and glibc 2.36."""
    assert bits(*logits) == made
