import pytest

from pipelines.host.structs import MxDataInput, MxDataOutput

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


def test_there_is_nothing_else() -> None:
    with pytest.raises(AttributeError):
        MxDataInput().foo = 1  # type: ignore[attr-defined]
