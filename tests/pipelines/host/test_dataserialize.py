import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.host.dataserialize import DataSerialize, number_text
from pipelines.host.frame import Classes, ClassResult, Frame, FrameError, Vision
from tests.pipelines.host.pipelines_made import opened

POST = "mxpi_classpostprocessor0"


def classes(*entries: tuple[int, str, float]) -> Classes:
    return Classes(tuple(ClassResult(class_id, name, np.float32(confidence)) for class_id, name, confidence in entries))


def serialized(keys: str, **metadata: Classes | Vision) -> bytes:
    frame = Frame(b"an image", 0, metadata=dict(metadata))
    opened(DataSerialize, {"outputDataKeys": keys}).push(frame)
    assert frame.serialized
    assert frame.errors == {}
    return frame.data


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1", "1"),
        ("0", "0"),
        ("-0", "0"),
        ("0.5", "0.5"),
        ("1e-7", "1e-07"),
        ("123456.789", "123456.789"),
        ("1e20", "1e+20"),
        ("100", "100"),
        ("3.4028235e38", "3.40282347e+38"),
        ("1e-45", "1.40129846e-45"),
        ("1.1754944e-38", "1.17549435e-38"),
        ("1e-38", "9.99999935e-39"),
        ("0.1", "0.1"),
        ("16777216", "16777216"),
        ("-3.25", "-3.25"),
        ("1234567", "1234567"),
        ("12345678", "12345678"),
        ("123456789", "123456792"),
        ("0.001", "0.001"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("7.0000001", "7"),
        ("2.5e-5", "2.5e-05"),
        ("99999.5", "99999.5"),
        ("1e15", "1e+15"),
        ("1e16", "1e+16"),
        ("1e17", "1e+17"),
        ("33.333333", "33.3333321"),
        ("0.30000001192", "0.3"),
        ("8.52871704", "8.52871704"),
        ("0.665240943", "0.665240943"),
        ("11.46875", "11.46875"),
        ("nan", '"NaN"'),
        ("inf", '"Infinity"'),
        ("-inf", '"-Infinity"'),
    ],
)
def test_numbers_as_the_vendor_prints_them(value: str, text: str) -> None:
    assert number_text(np.float32(value)) == text


@settings(deadline=None)
@given(value=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_as_the_same_float(value: float) -> None:
    text = number_text(np.float32(value))
    assert np.float32(json.loads(text)) == np.float32(value)
    assert len(text) <= len("-1.23456789e-38")


def test_two_entries_to_the_byte() -> None:
    found = classes((163, "beagle", 11.46875), (167, "English foxhound", 9.1328125))
    assert serialized(POST, **{POST: found}) == (
        b'{"MxpiClass":[{"classId":163,"className":"beagle","confidence":11.46875},'
        b'{"classId":167,"className":"English foxhound","confidence":9.1328125}]}'
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tench, Tinca tinca", '"tench, Tinca tinca"'),
        ("", '""'),
        ('a "b" \\ c/d', '"a \\"b\\" \\\\ c/d"'),
        ("tab\tbell\x07unit\x1fdel\x7f", '"tab\\tbell\\u0007unit\\u001fdel\x7f"'),
        ("Löwe 狮子 \U0001f981 \u2028", '"Löwe 狮子 \U0001f981 \u2028"'),
    ],
)
def test_labels(name: str, text: str) -> None:
    assert (
        serialized(POST, **{POST: classes((0, name, 1))}).decode() == f'{{"MxpiClass":[{{"classId":0,"className":{text},"confidence":1}}]}}'
    )


@settings(deadline=None)
@given(name=st.text(), confidence=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_it_is_json(name: str, confidence: float) -> None:
    [entry] = json.loads(serialized(POST, **{POST: classes((7, name, confidence))}))["MxpiClass"]
    assert entry == {"classId": 7, "className": name, "confidence": pytest.approx(confidence, rel=1e-7)}


@pytest.mark.parametrize(
    ("keys", "ids"),
    [("a", [1]), ("a,b", [1, 2]), ("a, b", [1]), ("nosuch", []), ("", []), ("pixels", []), ("empty", [])],
)
def test_keys(keys: str, ids: list[int]) -> None:
    data = serialized(keys, a=classes((1, "", 1)), b=classes((2, "", 1)), empty=classes(), pixels=Vision(np.zeros((1, 1, 3), np.uint8)))
    assert [entry["classId"] for entry in json.loads(data).get("MxpiClass", [])] == ids
    assert ids or data == b"{}"


def test_a_failed_frame_becomes_the_text_of_its_last_error_by_name() -> None:
    element = opened(DataSerialize, {"outputDataKeys": POST})
    frame = Frame(b"an image", 0, errors={"b0": FrameError(1004, "second"), "a0": FrameError(1001, "first")})
    element.push(frame)
    assert (frame.data, frame.serialized) == (b"second\n", True)
