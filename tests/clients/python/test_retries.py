from ascend_classify_client import Retries
from ascend_classify_client.retries import Tries


def test_the_server_says_when_or_the_wait_doubles() -> None:
    retries = Retries(attempts=4, first_wait_s=0.5, longest_wait_s=1.5)
    assert [retries.wait_s(attempt, None) for attempt in (1, 2, 3, 4)] == [0.5, 1.0, 1.5, None]
    assert retries.wait_s(1, "1") == 1
    assert retries.wait_s(1, "0") == 0
    assert retries.wait_s(1, "2") is None
    assert retries.wait_s(1, "9" * 4000) is None
    assert retries.wait_s(1, "Fri, 31 Dec 1999 23:59:59 GMT") == 0.5


def test_thousands_of_attempts_wait_no_longer() -> None:
    assert Retries(attempts=10_000).wait_s(900, None) == 30


def test_tries_count_the_attempts() -> None:
    tries = Tries(Retries(attempts=4, first_wait_s=0.5))
    assert [tries.wait_s(after) for after in (None, "7", None, None)] == [0.5, 7, 2.0, None]
