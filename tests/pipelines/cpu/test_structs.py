import pytest

from pipelines.cpu.structs import InProtobufVector, MxDataInput, MxDataOutput, RoiBox, StringVector

WHERE = r"in method 'MxDataInput_data_set', argument 2 of type 'std::string const &'"


def test_a_fresh_input() -> None:
    data = MxDataInput()
    assert (data.data, data.fragmentId, data.customParam) == (b"", 0, b"")


def test_a_fresh_output() -> None:
    assert MxDataOutput() == MxDataOutput(0, b"")


@pytest.mark.parametrize("value", ["abc", bytearray(b"abc"), memoryview(b"abc"), 5])
def test_an_image_is_bytes(value: object) -> None:
    with pytest.raises(TypeError, match=f"^{WHERE}$"):
        MxDataInput().data = value  # type: ignore[assignment]


def test_none_is_another_error() -> None:
    with pytest.raises(ValueError, match=f"^invalid null reference {WHERE}$"):
        MxDataInput().data = None  # type: ignore[assignment]
    with pytest.raises(ValueError, match="MxDataInput_customParam_set"):
        MxDataInput().customParam = None  # type: ignore[assignment]


def test_other_attributes_may_be_set() -> None:
    """As on the vendor's, whose classes are plain Python ones on top."""
    data = MxDataInput()
    data.foo = 1
    assert vars(data)["foo"] == 1


@pytest.mark.parametrize(("value", "error"), [("1", TypeError), (1.5, TypeError), (2**31, OverflowError), (-(2**31) - 1, OverflowError)])
def test_numbers_are_c_ints(value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^in method 'MxDataInput_fragmentId_set', argument 2 of type 'int'$"):
        MxDataInput().fragmentId = value  # type: ignore[assignment]


def test_vectors_hold_one_type() -> None:
    names = StringVector([b"a"])
    names.push_back(b"b")
    assert (list(names), names.size(), names.empty(), names == [b"a", b"b"]) == ([b"a", b"b"], 2, False, True)
    with pytest.raises(TypeError, match=r"StringVector_push_back.*std::vector< std::string >::value_type"):
        names.push_back("c")
    with pytest.raises(TypeError, match="MxProtobufIn"):
        InProtobufVector([MxDataInput()])


def test_boxes_are_floats() -> None:
    box = RoiBox()
    box.x0, box.y1 = 1, 2.5
    assert (box.x0, box.y0, box.y1) == (1, 0.0, 2.5)
    with pytest.raises(TypeError, match="RoiBox_x1_set"):
        box.x1 = "3"  # type: ignore[assignment]
