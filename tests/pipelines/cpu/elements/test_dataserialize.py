import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cpu.elements.dataserialize import DataSerialize
from pipelines.cpu.elements.frame import Classes, ClassResult, Frame, FrameError, Metadata, Vision, Visions
from tests.pipelines.cpu.pipelines_made import opened

POST = "mxpi_classpostprocessor0"


def classes(*entries: tuple[int, str, float]) -> Classes:
    return Classes(tuple(ClassResult(class_id, name, float(np.float32(confidence))) for class_id, name, confidence in entries))


def serialized(keys: str, **metadata: Metadata) -> bytes:
    frame = Frame(b"an image", 0, metadata=dict(metadata))
    opened(DataSerialize, {"outputDataKeys": keys}).push(frame)
    assert frame.serialized
    assert frame.errors == {}
    return frame.data


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
    [
        ("a", [1]),
        ("a,b", [1, 2]),
        ("b,a", [1, 2]),
        ("a, b", [1]),
        ("a,", [1]),
        (",b", [2]),
        ("nosuch", []),
        (" a", []),
        (",", []),
        ("empty", []),
        ("nosuch,empty", []),
    ],
)
def test_keys(keys: str, ids: list[int]) -> None:
    data = serialized(
        keys, a=classes((1, "", 1)), b=classes((2, "", 1)), empty=classes(), pixels=Visions((Vision(np.zeros((1, 1, 3), np.uint8)),))
    )
    assert [entry["classId"] for entry in json.loads(data).get("MxpiClass", [])] == ids
    assert ids or data == b"{}"


def test_no_key_is_all() -> None:
    data = json.loads(serialized("", a=classes((1, "", 1)), b=classes((2, "", 1))))
    assert list(data) == ["MxpiClass", "MxpiFrameInfo"]
    assert [entry["classId"] for entry in data["MxpiClass"]] == [1, 2]


def test_headers_on_request() -> None:
    frame = Frame(b"", 0, {POST: Classes((ClassResult(7, "a", 1.0, "mxpi_tensorinfer0", 2),))})
    opened(DataSerialize, {"outputDataKeys": POST, "eraseHeaderVecFlag": "0"}).push(frame)
    header = b'"headerVec":[{"dataSource":"mxpi_tensorinfer0","memberId":2,"parentName":""}]'
    assert frame.data == b'{"MxpiClass":[{"classId":7,"className":"a","confidence":1,' + header + b"}]}"


def test_a_failed_frame_becomes_the_text_of_its_last_error_by_name() -> None:
    element = opened(DataSerialize, {"outputDataKeys": POST})
    frame = Frame(b"an image", 0, errors={"b0": FrameError(1004, "second"), "a0": FrameError(1001, "first")})
    element.push(frame)
    assert (frame.data, frame.serialized) == (b"second\n", True)
