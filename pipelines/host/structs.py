"""The structs of the vendor's Python module that classification uses; every text in them is bytes."""

from dataclasses import dataclass


class MxDataInput:
    """What is sent: one encoded image."""

    __slots__ = ("_custom_param", "_data", "fragmentId")

    def __init__(self) -> None:
        self._data = b""
        self._custom_param = b""
        self.fragmentId = 0

    @property
    def data(self) -> bytes:
        """The image; assigning anything but bytes raises as the vendor's binding does."""
        return self._data

    @data.setter
    def data(self, value: bytes) -> None:
        self._data = checked_bytes(value, "MxDataInput_data_set", 2)

    @property
    def customParam(self) -> bytes:
        """Carried along, read by no classification plugin."""
        return self._custom_param

    @customParam.setter
    def customParam(self, value: bytes) -> None:
        self._custom_param = checked_bytes(value, "MxDataInput_customParam_set", 2)


@dataclass(slots=True)
class MxDataOutput:
    """What comes back: JSON, or the text of an error."""

    errorCode: int = 0
    data: bytes = b""


def checked_bytes(value: object, method: str, position: int) -> bytes:
    """The value if it is bytes; TypeError or ValueError in the words of the vendor's binding otherwise."""
    if isinstance(value, bytes):
        return value
    where = f"in method '{method}', argument {position} of type 'std::string const &'"
    if value is None:
        raise ValueError(f"invalid null reference {where}")
    raise TypeError(where)
