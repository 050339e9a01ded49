"""The places of evaluations that wait, and whose they are: a client that has one leaves the last of them to others."""

from collections.abc import Collection

from server.evaluation.evaluation_errors import EvaluationsFull

MAX_WAITING = 16
KEPT = 4
"""So many of these are for clients whose evaluations do not wait yet."""
_REMEDY = "Wait until one begins, or cancel one."


class WaitingPlaces:
    """Evaluations that a start resumes are nobody's. Use it with a lock."""

    def __init__(self) -> None:
        self._clients: dict[str, str] = {}  # by job

    def check(self, waiting: Collection[str], client: str) -> None:
        """Whether a client may have one more evaluation wait beside these, by their ids; raises EvaluationsFull."""
        if len(waiting) >= MAX_WAITING:
            raise EvaluationsFull(f"{MAX_WAITING} evaluations are waiting, the limit of this server.", _REMEDY)
        if len(waiting) >= MAX_WAITING - KEPT and any(self._clients.get(job_id) == client for job_id in waiting):
            raise EvaluationsFull(
                f"{len(waiting)} evaluations are waiting, one of yours among them; the last {KEPT} places are for other clients.",
                _REMEDY,
            )

    def take(self, waiting: Collection[str], job_id: str, client: str) -> None:
        """One more waits."""
        self._clients = {each: whose for each, whose in self._clients.items() if each in waiting} | {job_id: client}
