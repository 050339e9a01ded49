"""What is open to all, and who may use what reaches into the machine: /evaluate reads its folders, /admin changes what it serves."""

from collections.abc import Awaitable, Callable

from server.errors import Forbidden
from server.settings import Settings

OPEN_PATHS = ("/health/", "/web/")
"""What needs no API key; nor does the page itself: it holds nothing, and asks for the key when it is refused."""


def safe_only(settings: Settings, api_key: str | None) -> Callable[[], Awaitable[None]]:
    """A dependency that refuses everything where other machines could ask and no API key keeps them out.

    It raises Forbidden on a server that listens on other addresses than the loopback, unless it has a key or is `insecure`.
    """

    async def check() -> None:
        if not (settings.loopback or api_key or settings.insecure):
            raise Forbidden(
                f"This route is not served on {settings.host} without an API key.",
                "Set API_KEY or API_KEY_FILE, listen on 127.0.0.1, or say --insecure.",
            )

    return check
