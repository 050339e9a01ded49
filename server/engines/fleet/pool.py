"""One engine on several chips."""

from collections.abc import Iterable

from server.engines.fleet.dispatcher import Dispatcher
from server.engines.fleet.member import Member


class Pool(Dispatcher):
    """Asks the chip with the fewest images under way."""

    def order(self) -> Iterable[Member]:
        """Least outstanding first."""
        return sorted(self.members, key=lambda member: len(member.attempts))
