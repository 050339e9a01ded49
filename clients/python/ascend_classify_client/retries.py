"""When a request is sent again, and after how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Retries:
    """A request has `attempts` in all. Between them are the seconds of Retry-After, or else `first_wait_s`, doubled each time.

    A wait is at most `longest_wait_s`. If the server asks for a longer one, the request is not sent again.
    """

    attempts: int = 5
    first_wait_s: float = 0.25
    longest_wait_s: float = 30.0

    def wait_s(self, attempt: int, retry_after: str | None) -> float | None:
        """The seconds to wait after the attempt of this number, from 1; None if it was the last."""
        if attempt >= self.attempts:
            return None
        if retry_after and retry_after.isascii() and retry_after.isdecimal():
            wait_s = float(retry_after[:9])
            return wait_s if wait_s <= self.longest_wait_s else None
        return min(self.first_wait_s * 2.0 ** (attempt - 1), self.longest_wait_s)


@dataclass
class Tries:
    """The attempts at one thing, which may take several requests."""

    retries: Retries
    made: int = 0

    def wait_s(self, retry_after: str | None) -> float | None:
        """The seconds to wait after one more attempt; None if it was the last."""
        self.made += 1
        return self.retries.wait_s(self.made, retry_after)
