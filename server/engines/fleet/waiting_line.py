"""What waits for a member with room, and who of it goes next; the fleet's lock guards it.

Clients share by start-time fair queueing (Goyal, Vin and Cheng, 1996): each image gets the virtual time at which its client would begin it
if the client had an engine of its own share, and the earliest goes first. So a client with one image does not wait for the hundred of
another, and a client whose images take long to decode gets fewer of them. Virtual time goes on by an equal part of each image that begins:
else all who come for the first time would begin at the same time, and while such come a client that comes again would wait for ever.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from time import monotonic
from typing import NamedTuple

from server.engines.fleet.member import Member, Tier, choose, is_up
from server.engines.fleet.model_shares import ModelShare, ModelShares
from server.engines.work import BASE_COST_S, Work

INVITE_EVERY_S, INVITE_SHORT_EVERY_S = 0.01, 0.002
"""The second is for short bodies: one costs little more than its refusal, and its client never waits for those with large ones."""
SHORT_AT_ONCE = 128
"""So many turns of short bodies are kept for those that come together, as after a moment in which the event loop did something else."""
RETRIED = float("-inf")
"""The virtual time of an image that is tried again: it goes before all others."""
MAX_CLIENTS = 1000
"""Clients that are remembered; the one that has sent nothing for longest is forgotten first."""


class Assignment(NamedTuple):
    """A work and its member; the member is None if no answer is possible in time, and then more works may follow."""

    work: Work
    member: Member | None


@dataclass(frozen=True)
class DecodeRoom:
    """What members may decode together: bytes at the peak, and images that take long.

    A quarter of the bytes is kept for images that do not take long: they never wait for those that do. While one fleet takes the place of
    another, both share it. Each of several models is sure of an equal part, and of one image that takes long; what is left is for all.
    """

    most_bytes: int = 512 * 1024 * 1024
    most_slow: int = 1
    fleets: list[tuple[ModelShare, Sequence[Tier]]] = field(default_factory=list, init=False, compare=False, repr=False)
    aside: list[Work] = field(default_factory=list, init=False, compare=False, repr=False)
    """Pictures that are decoded for something else than an engine's answer."""

    @property
    def held_bytes(self) -> int:
        """What is decoded now, engines and all else together."""
        by_engines = sum(member.decoded_bytes for _, tiers in self.fleets for member in chain.from_iterable(tiers))
        return by_engines + sum(work.decoded_bytes for work in self.aside)

    def take_aside(self, work: Work) -> bool:
        """Enter a picture into `aside` if there is room for it; whoever decodes it takes it out again."""
        if fits := self.left().fits(work):
            self.aside.append(work)
        return fits

    def left(self, share: ModelShare | None = None) -> "RoomLeft":
        """What is left of it now for a model, or for what belongs to none."""
        models = len({id(each) for each, _ in self.fleets})
        every, own = _Held(), _Held()
        for work in self.aside:
            every.add(work.is_slow, work.is_slow * work.decoded_bytes, work.decoded_bytes)
        for each, tiers in self.fleets:
            for member in chain.from_iterable(tiers):
                held = member.slow, member.slow_bytes, member.decoded_bytes
                every.add(*held)
                if each is share:
                    own.add(*held)
        kept_bytes = self.most_bytes // 4
        if models < 2 or share is None:
            return self._room(every, self.most_slow, self.most_bytes, kept_bytes)
        sure = self._room(own, max(1, self.most_slow // models), self.most_bytes // models, kept_bytes // models)
        left = self._room(every, self.most_slow, self.most_bytes, kept_bytes)
        return RoomLeft._make(map(max, sure, left))

    @staticmethod
    def _room(held: "_Held", most_slow: int, most_bytes: int, kept_bytes: int) -> "RoomLeft":
        return RoomLeft(
            slow=most_slow - held.slow,
            all_bytes=most_bytes - held.held_bytes,
            slow_bytes=most_bytes - kept_bytes - held.slow_bytes,
            kept_bytes=kept_bytes - (held.held_bytes - held.slow_bytes),
            is_idle=not held.held_bytes,
            none_slow=not held.slow,
        )


@dataclass(slots=True)
class _Held:
    """What members decode now."""

    slow: int = 0
    slow_bytes: int = 0
    held_bytes: int = 0

    def add(self, slow: int, slow_bytes: int, held_bytes: int) -> None:
        self.slow += slow
        self.slow_bytes += slow_bytes
        self.held_bytes += held_bytes


class RoomLeft(NamedTuple):
    """How many images that take long, and how many bytes, may still be decoded: of all, of such images, and kept for the others."""

    slow: int
    all_bytes: int
    slow_bytes: int
    kept_bytes: int
    is_idle: bool
    none_slow: bool

    def fits(self, work: Work) -> bool:
        """Whether a work may go in now. One that is larger than the room goes in alone; if it takes long, beside others that do not."""
        if work.is_slow:
            fits = work.decoded_bytes <= min(self.all_bytes, self.slow_bytes)
            return self.slow > 0 and (fits or (self.none_slow and self.kept_bytes >= 0))
        return self.is_idle or work.decoded_bytes <= max(self.all_bytes, self.kept_bytes)


class _Entry(NamedTuple):
    """A work in its order; entries compare by the first two fields, and no two have the same number."""

    start_s: float
    number: int
    work: Work


class WaitingLine:
    """Requests in the order in which they go."""

    def __init__(self, room: DecodeRoom | None = None, share: ModelShare | None = None) -> None:
        self._room = room or DecodeRoom()
        self._share = share or ModelShares(0).of("")
        self._tiers: Sequence[Tier] | None = None
        self._entries: list[_Entry] = []
        self._virtual_s = 0.0
        self._turn_s = {short: float("-inf") for short in (False, True)}  # of the last invitation
        self._ends_s: dict[str, float] = {}  # by client, the latest last: the virtual time at which its last image would be done
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._entries)

    def append(self, work: Work) -> None:
        """A new request."""
        if self._ends_s and not self._entries and not any(member.under_way for member in chain.from_iterable(self._tiers or ())):
            self._virtual_s = max(self._virtual_s, *self._ends_s.values())  # all is done: nobody is ahead of others
            self._ends_s.clear()
        start_s = max(self._virtual_s, self._ends_s.pop(work.client, 0.0))
        self._ends_s[work.client] = start_s + work.cost_s
        if len(self._ends_s) > MAX_CLIENTS:
            del self._ends_s[next(iter(self._ends_s))]
        insort(self._entries, _Entry(start_s, next(self._numbers), work))

    def put_first(self, work: Work) -> None:
        """One that is tried again."""
        insort(self._entries, _Entry(RETRIED, -next(self._numbers), work))

    def clear(self) -> None:
        """Forget all of them, and leave the room to other fleets."""
        self._entries.clear()
        if self._tiers is not None:
            self._room.fleets.remove((self._share, self._tiers))
            self._tiers = None

    def next(self, tiers: Sequence[Tier]) -> Assignment | None:
        """Take out the first work that a member has room for; it is under way there from now on."""
        if self._tiers is None:
            self._tiers = tiers
            self._room.fleets.append((self._share, tiers))
        if not self._share.may_begin():
            return None
        place, entries, left = 0, self._entries, self._room.left(self._share)
        while place < len(entries):
            start_s, _, work = entries[place]
            if work.request is None:  # abandoned
                del entries[place]
            elif not left.fits(work):
                place += 1
            elif member := choose(tiers, work.avoid, slow=work.is_slow):
                del entries[place]
                self._virtual_s = max(self._virtual_s, start_s)
                if (entries or member.under_way) and monotonic() + member.expected_s(work) > work.request.deadline_s:
                    return Assignment(work, None)
                self._virtual_s += (start_s != RETRIED) * work.cost_s / (len(entries) + 1)
                member.began(work)
                return Assignment(work, member)
            elif work.avoid is not None and not is_up(tiers, work.avoid):  # only the member that failed it is up
                work.avoid = None
            elif work.avoid is None and not work.is_slow:
                return None
            else:
                place += 1
        return None

    def take_overdue(self, now_s: float) -> list[Work]:
        """Take out those whose time is over, or that nobody wants any more."""
        overdue = [entry.work for entry in self._entries if entry.work.overdue(now_s)]
        self._entries = [entry for entry in self._entries if not entry.work.overdue(now_s)]
        return overdue

    def loser(self, held_s: Callable[[str], float], at_least_s: float) -> int | None:
        """The place of the image that gives way when the window is full: the last one of the client that holds most.

        `held_s` tells the costs that a client holds in the window. None if no client whose images wait holds more than `at_least_s`,
        which is what the newcomer would hold.
        """
        most_s, found = at_least_s + BASE_COST_S / 2, None  # a difference that is not of rounding
        for place, entry in enumerate(self._entries):
            held = held_s(entry.work.client)
            if entry.start_s != RETRIED and held >= most_s:
                most_s, found = held, place
        return found

    def invites(self, held_s: Callable[[str], float], at_least_s: float, *, short: bool = False) -> bool:
        """Whether there is an image that gives way: yes only so often, since every yes brings a body, short or not.

        A no costs the next client nothing: the one that asks may be the one that fills the window.
        """
        every_s, at_once = (INVITE_SHORT_EVERY_S, SHORT_AT_ONCE) if short else (INVITE_EVERY_S, 1)
        now_s = monotonic()
        turn_s = max(self._turn_s[short] + every_s, now_s - (at_once - 1) * every_s)
        if turn_s > now_s or self.loser(held_s, at_least_s) is None:
            return False
        self._turn_s[short] = turn_s
        return True

    def take_loser(self, held_s: Callable[[str], float], at_least_s: float) -> Work | None:
        """Take the image out that gives way, if there is one."""
        place = self.loser(held_s, at_least_s)
        return None if place is None else self._entries.pop(place).work
