"""Shares the window and the cores among the models: what one does not use the others may, and a flooded one never starves another.

Each model is sure of an equal part of both. Above its part it gets what the others leave. Inside the window nothing is taken back: for
the moment that an idle model wakes, the images in flight may be more than WINDOW, at most twice as many.
"""

from collections.abc import Collection, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from server.engines.fleet.member import Member

HOLD_S = 0.25
"""How long the cores that a model used stay free for its next images."""


def fair_limit(limit: int, others: Collection[int], least: int = 1) -> int:
    """What one may hold in all of a limit of which others hold something; it is sure of an equal part, and of `least`."""
    return max(limit - sum(others), limit // (1 + len(others)), least)


@dataclass(frozen=True, slots=True)
class _Flight:
    """A fleet that is open: its works in the window, and its members."""

    works: Sized
    members: Sequence[Member]


@dataclass(eq=False)
class ModelShare:
    """The part of one model. During a reload two fleets are in it."""

    shares: "ModelShares"
    flights: list[_Flight] = field(default_factory=list)
    aside: int = 0
    """Images of it that run beside the others, and take no part from them."""
    _peak: int = 0
    _peak_s: float = float("-inf")

    def join(self, works: Sized, members: Sequence[Member]) -> None:
        """A fleet begins to take images."""
        self.flights.append(_Flight(works, members))

    def leave(self, works: Sized) -> None:
        """It has ended."""
        self.flights = [flight for flight in self.flights if flight.works is not works]

    @property
    def window(self) -> int:
        """The images that the model may have in flight now."""
        return fair_limit(self.shares.window, [share.held for share in self._others()])

    @property
    def held(self) -> int:
        """Its images in flight."""
        return sum(len(flight.works) for flight in self.flights)

    @property
    def devices(self) -> set[str]:
        """The chips of its fleets."""
        return {member.device for flight in self.flights for member in flight.members}

    def may_begin(self) -> bool:
        """Whether one more of its images may go to an engine: not on the cores or places that other models use."""
        if not (others := self._others()):
            return True
        now_s = monotonic()
        self.wanted(now_s)
        wanted = [each for share in others if (each := share.wanted(now_s)) and self._meets(share)]
        if not wanted:
            return True
        at_once = self.shares.cores or self._places()
        fair = max(1, at_once // (1 + len(wanted)))
        left = at_once - sum(min(each, fair) for each in wanted)
        return self._under_way() < max(fair, left)

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Around an image that other models leave no room for: their images go on as if it were not there."""
        self.aside += 1
        try:
            yield
        finally:
            self.aside -= 1

    def has_spare_room(self) -> bool:
        """Whether one more image leaves a core, or a place of the chip, free for the next; or nothing is in flight."""
        held = self.held + sum(share.held for share in self._others() if self._meets(share))
        return not held or held + 1 < (self.shares.cores or self._places())

    def wanted(self, now_s: float) -> int:
        """The most images that it had in flight lately."""
        held = self.held - self.aside
        if held >= self._peak or now_s > self._peak_s + HOLD_S:
            self._peak, self._peak_s = held, now_s
        return self._peak

    def _others(self) -> list["ModelShare"]:
        return [share for share in self.shares.all if share is not self and share.flights]

    def _meets(self, other: "ModelShare") -> bool:
        return bool(self.shares.cores) or not self.devices.isdisjoint(other.devices)

    def _places(self) -> int:
        """Of the engines that answer, as long as they are well."""
        members = self.flights[-1].members
        return sum(member.engine.places for member in members if member.engine.name == members[0].engine.name)

    def _under_way(self) -> int:
        return sum(len(member.under_way) for flight in self.flights for member in flight.members)


class ModelShares:
    """The parts of all models. With `cores` the models compute on the same cores; else each on the places of its chips."""

    def __init__(self, window: int, cores: int = 0) -> None:
        self.window = window
        self.cores = cores
        self.all: list[ModelShare] = []
        self._by_name: dict[str, ModelShare] = {}

    def of(self, model: str) -> ModelShare:
        """The part of a model, the same for all of its versions."""
        if model not in self._by_name:
            self._by_name[model] = ModelShare(self)
            self.all.append(self._by_name[model])
        return self._by_name[model]
