"""The vendor's error codes that classification can meet, and their texts (Vision SDK, MxBase/ErrorCode)."""

from enum import IntEnum


class Code(IntEnum):
    """APP_ERROR values, by the vendor's numbers."""

    OK = 0
    COMM_FAILURE = 1001
    COMM_INNER = 1002
    COMM_INVALID_POINTER = 1003
    COMM_INVALID_PARAM = 1004
    COMM_NO_EXIST = 1016
    COMM_INVALID_PATH = 1029
    COMM_INIT_FAIL = 1013
    DVPP_CROP_FAIL = 2001
    QUEUE_FULL = 5003
    STREAM_EXIST = 6001
    STREAM_NOT_EXIST = 6002
    STREAM_CHANGE_STATE = 6003
    STREAM_CONFIG_INVALID = 6005
    STREAM_ELEMENT_LINK = 6006
    STREAM_DUPLICATE_MODE = 6008
    STREAM_TIMEOUT = 6010
    STREAM_FACTORY_INVALID = 6014
    STREAM_PROPS_INVALID = 6015
    STREAM_PAD_UNLINKED = 6016


_MESSAGES = {
    Code.COMM_FAILURE: "General Failed",
    Code.COMM_INNER: "Internal error",
    Code.COMM_INVALID_POINTER: "Invalid Pointer",
    Code.COMM_INVALID_PARAM: "Invalid parameter",
    Code.STREAM_NOT_EXIST: "stream is not exist",
}


def code_text(code: int) -> str:
    """The vendor's text for a code, with its leading and trailing blank."""
    message = _MESSAGES.get(Code(code), "") if code in Code._value2member_map_ else ""
    return f' (Code = {int(code)}, Message = "{message}") '
