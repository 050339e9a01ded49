import pytest
from ascend_classify_client import ClientError, Refused, Retries, Unreachable
from ascend_classify_client.exchange import FULL, Ask, Reply, Wait, answered, read_json, refusal

RETRIES = Retries(attempts=3, first_wait_s=1)
CLASSIFY = Ask("POST", "/classify")
EVALUATE = Ask("POST", "/evaluate", again=FULL, repeatable=False)
OK = Reply(200, body=b"{}")
GONE = Reply(0, broken="gone")


def outcome(ask: Ask, *replies: Reply) -> tuple[bytes | ClientError, list[float]]:
    """The result if these replies come, and the waits between them."""
    plan, waits = answered(ask, RETRIES), list[float]()
    step = next(plan)
    try:
        for reply in replies:
            step = plan.send(reply)
            if isinstance(step, Wait):
                waits.append(step.seconds)
                step = plan.send(Reply(0))
    except StopIteration as end:
        return end.value, waits
    except ClientError as error:
        return error, waits
    raise AssertionError("it asks again")


@pytest.mark.parametrize(
    ("ask", "replies", "waits"),
    [
        (CLASSIFY, [OK], []),
        (CLASSIFY, [Reply(429, "7"), Reply(503), OK], [7, 2]),
        (CLASSIFY, [Reply(500), OK], [1]),
        (CLASSIFY, [GONE, OK], [1]),
        (EVALUATE, [Reply(429), OK], [1]),
        (EVALUATE, [Reply(0, broken="refused", refused=True), OK], [1]),
    ],
)
def test_it_is_sent_again_where_that_helps(ask: Ask, replies: list[Reply], waits: list[float]) -> None:
    assert outcome(ask, *replies) == (b"{}", waits)


@pytest.mark.parametrize(
    ("ask", "replies"),
    [
        (CLASSIFY, [Reply(422)]),
        (CLASSIFY, [Reply(429, "31")]),
        (CLASSIFY, [Reply(429), Reply(429), Reply(429)]),
        (CLASSIFY, [Reply(500), Reply(500)]),
        (EVALUATE, [Reply(500)]),
        (EVALUATE, [Reply(504)]),
        (EVALUATE, [GONE]),
    ],
)
def test_and_else_it_is_not(ask: Ask, replies: list[Reply]) -> None:
    error, waits = outcome(ask, *replies)
    assert isinstance(error, Unreachable if replies[-1] is GONE else Refused)
    assert len(waits) == len(replies) - 1


def test_a_refusal_carries_the_words_of_the_server() -> None:
    error = refusal(Reply(422, body=b'{"error": "It is cut off.", "code": "undecodable_image", "request_id": "a1"}'))
    assert isinstance(error, Refused)
    assert (error.status, error.error, error.code, error.request_id) == (422, "It is cut off.", "undecodable_image", "a1")
    assert str(error) == "It is cut off. [422 undecodable_image]"
    for body in (b"<html>", b"[]", b'{"error": null', b'"text"', b"\xff"):
        assert str(refusal(Reply(502, body=body))).endswith("not one of this project's. [502]")


def test_an_answer_that_is_not_json() -> None:
    with pytest.raises(ClientError, match="not JSON"):
        read_json(b"<html>")
