"""One engine on several chips."""

from collections.abc import Iterable

from server.engines.fleet.dispatcher import Dispatcher
from server.engines.fleet.member import Link


class Pool(Dispatcher):
    """Asks the chip with the fewest images under way."""

    def order(self) -> Iterable[Link]:
        """Least outstanding first."""
        return sorted(self.links, key=lambda link: len(link.attempts))
