"""Engines in order: the first that is well answers, the others stand by."""

import logging
from collections.abc import Callable, Iterable, Sequence

from server.engines.fleet.dispatcher import Dispatcher
from server.engines.fleet.member import Member
from server.errors import EngineUnavailable

logger = logging.getLogger(__name__)

NONE = "none"


class Chain(Dispatcher):
    """Asks the first member that is up. `on_switch(from, to, reason)` is told of every change of who that is; it may be "none"."""

    def __init__(self, members: Sequence[Member], capacity: int, on_switch: Callable[[str, str, str], None]) -> None:
        super().__init__(members, capacity, hold=True)
        self._on_switch = on_switch
        self._answers = self.members[0].engine.name

    def order(self) -> Iterable[Member]:
        """As they are named."""
        return self.members

    def asked(self) -> Sequence[Member]:
        """The first that is up."""
        return super().asked()[:1]

    @property
    def name(self) -> str:
        """The engine that answers; the first while none does."""
        return next((member.engine.name for member in self.members if not member.down), self.members[0].engine.name)

    def start(self) -> None:
        """Start every engine; raises EngineUnavailable or ModelError if one cannot, or if they answer in different scores."""
        super().start()
        kinds = {member.engine.score_type for member in self.members}
        if len(kinds) > 1:
            self.close(0)
            raise EngineUnavailable("The engines give different kinds of scores.", "Say SOFTMAX=true in the .cfg, or name one engine.")

    def changed(self, reason: str) -> None:
        """Tell when another one answers from now on."""
        with self._lock:
            before, self._answers = self._answers, next((member.engine.name for member in self.members if not member.down), NONE)
            after = self._answers
        if before != after:
            logger.warning("engine %s answers instead of %s (%s)", after, before, reason)
            self._on_switch(before, after, reason)
