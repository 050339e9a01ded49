import pytest

from pipelines.codes import Code, code_text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (Code.COMM_INVALID_PARAM, ' (Code = 1004, Message = "Invalid parameter") '),
        (1002, ' (Code = 1002, Message = "Internal error") '),
        (Code.STREAM_NOT_EXIST, ' (Code = 6002, Message = "stream is not exist") '),
        (Code.QUEUE_FULL, ' (Code = 5003, Message = "") '),
        (-1, ' (Code = -1, Message = "ACL: general failure") '),
    ],
)
def test_the_vendors_text(code: int, text: str) -> None:
    assert code_text(code) == text
