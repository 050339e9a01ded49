"""The queue of works that wait for a member with room; the fleet's lock guards it."""

from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

from server.engines.fleet.member import Member, Tier, choose, is_up
from server.engines.work import Work


class Assignment(NamedTuple):
    """A work and its member; the member is None if no answer is possible in time, and then more works may follow."""

    work: Work
    member: Member | None


class WaitingLine:
    """Requests in the order of arrival; a request that is tried again goes first."""

    def __init__(self) -> None:
        self._works: deque[Work] = deque()

    def __len__(self) -> int:
        return len(self._works)

    def append(self, work: Work) -> None:
        """A new request."""
        self._works.append(work)

    def put_first(self, work: Work) -> None:
        """Add a request that is tried again."""
        self._works.appendleft(work)

    def clear(self) -> None:
        """Forget all of them."""
        self._works.clear()

    def next(self, tiers: Sequence[Tier]) -> Assignment | None:
        """Take out the first work for which a member has room; from now on that member holds it."""
        place, works = 0, self._works
        while place < len(works):
            work = works[place]
            if work.request is None:  # cancelled
                del works[place]
            elif member := choose(tiers, work.avoid):
                del works[place]
                if works and monotonic() + member.service_s > work.request.deadline_s:
                    return Assignment(work, None)
                member.began(work)
                return Assignment(work, member)
            elif work.avoid is None:
                return None
            elif is_up(tiers, work.avoid):
                place += 1
            else:  # only the member that failed it is up
                work.avoid = None
        return None

    def take_overdue(self, now_s: float) -> list[Work]:
        """Take out the works whose time has ended, or that were cancelled."""
        overdue = [work for work in self._works if work.overdue(now_s)]
        self._works = deque(work for work in self._works if not work.overdue(now_s))
        return overdue
