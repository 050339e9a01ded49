"""One engine on several chips."""

from collections.abc import Iterable

from server.engines.dispatcher import Dispatcher
from server.engines.link import Link


class Pool(Dispatcher):
    """Asks the chip with the fewest images under way."""

    def order(self) -> Iterable[Link]:
        """Least outstanding first."""
        return sorted(self.links, key=lambda link: len(link.attempts))
