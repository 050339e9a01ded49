"""The errors of this package."""


class ClientError(Exception):
    """Any error of this package."""


class Unreachable(ClientError):
    """No server answers at the address, also after the retries."""


class Refused(ClientError):
    """The server answered with an error. `code` is its kind as one word, and `request_id` stands in the server's log."""

    def __init__(self, status: int, error: str, code: str = "", request_id: str = "") -> None:
        super().__init__(f"{error} [{status}{f' {code}' if code else ''}]")
        self.status, self.error, self.code, self.request_id = status, error, code, request_id


class AnswerInvalid(ClientError):
    """An answer that this package does not understand: the address may belong to another kind of server."""


class EvaluationFailed(ClientError):
    """The evaluation failed, or was cancelled. `id` names it; the server can resume it: `resume_evaluation(id)`."""

    def __init__(self, id: str, words: str) -> None:  # noqa: A002 - as the server calls it
        super().__init__(words)
        self.id = id


class SetInvalid(ClientError):
    """A folder or archive that cannot be sent."""
