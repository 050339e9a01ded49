"""The vendor's error codes that can occur in classification, and their texts (Vision SDK, MxBase/ErrorCode)."""

from enum import IntEnum


class Code(IntEnum):
    """APP_ERROR values, by the vendor's numbers."""

    ACL_FAILURE = -1
    OK = 0
    COMM_FAILURE = 1001
    COMM_INNER = 1002
    COMM_INVALID_POINTER = 1003
    COMM_INVALID_PARAM = 1004
    COMM_OUT_OF_RANGE = 1009
    COMM_INIT_FAIL = 1013
    COMM_INVALID_PATH = 1029
    DVPP_CROP_FAIL = 2001
    DVPP_JPEG_DECODE_FAIL = 2006
    DVPP_INVALID_FORMAT = 2019
    DVPP_INVALID_IMAGE_WIDTH = 2020
    DVPP_INVALID_IMAGE_HEIGHT = 2021
    QUEUE_FULL = 5003
    STREAM_EXIST = 6001
    STREAM_NOT_EXIST = 6002
    STREAM_CHANGE_STATE = 6003
    STREAM_CONFIG_INVALID = 6005
    STREAM_ELEMENT_LINK = 6006
    STREAM_DUPLICATE_MODE = 6008
    STREAM_TIMEOUT = 6010
    STREAM_ELEMENT_EXIST = 6012
    STREAM_ELEMENT_NOT_EXIST = 6013
    STREAM_FACTORY_INVALID = 6014
    STREAM_PROPS_INVALID = 6015
    STREAM_PAD_UNLINKED = 6016
    METADATA_KEY_NO_EXIST = 7011
    METADATA_KEY_EXISTS = 7010
    PLUGIN_MEMORY_TYPE_MISMATCH = 11002
    PLUGIN_METADATA_IS_NULL = 11003
    PLUGIN_PROTOBUF_NAME_MISMATCH = 11004


_MESSAGES: dict[int, str] = {
    Code.ACL_FAILURE: "ACL: general failure",
    Code.COMM_FAILURE: "General Failed",
    Code.COMM_INNER: "Internal error",
    Code.COMM_INVALID_POINTER: "Invalid Pointer",
    Code.COMM_INVALID_PARAM: "Invalid parameter",
    Code.DVPP_CROP_FAIL: "DVPP: crop fail",
    Code.DVPP_JPEG_DECODE_FAIL: "DVPP: decode jpeg or jpg fail",
    Code.DVPP_INVALID_FORMAT: "DVPP: mismatch the image format",
    Code.DVPP_INVALID_IMAGE_WIDTH: "DVPP: image width out of range",
    Code.DVPP_INVALID_IMAGE_HEIGHT: "DVPP: image height out of range",
    Code.METADATA_KEY_EXISTS: "plugin toolkit metadata key already exist",
    Code.PLUGIN_MEMORY_TYPE_MISMATCH: "MxPlugins: mismatch the memory type",
    Code.PLUGIN_METADATA_IS_NULL: "MxPlugins: metadata is null",
    Code.PLUGIN_PROTOBUF_NAME_MISMATCH: "MxPlugins: protobuf descriptor name mismatch",
    Code.STREAM_NOT_EXIST: "stream is not exist",
    Code.METADATA_KEY_NO_EXIST: "plugin toolkit metadata key not exist",
}


def code_text(code: int) -> str:
    """The vendor's text for a code, with its leading and trailing blank."""
    return f' (Code = {int(code)}, Message = "{_MESSAGES.get(code, "")}") '
