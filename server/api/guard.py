"""Protects /evaluate, which reads folders of this machine, and /admin, which changes the served models; lists the open routes."""

from collections.abc import Awaitable, Callable

from server.errors import Forbidden
from server.settings import Settings

OPEN_PATHS = ("/health/", "/web/")
"""The routes without an API key. The page is open too: it holds no data, and asks for the key after a refusal."""


def safe_only(settings: Settings, api_key: str | None) -> Callable[[], Awaitable[None]]:
    """A dependency that refuses every request if other machines could send it and no API key protects the server.

    It raises Forbidden if the server listens on another address than the loopback, unless it has a key or is `insecure`.
    """

    async def check() -> None:
        if not (settings.loopback or api_key or settings.insecure):
            raise Forbidden(
                f"This route is not served on {settings.host} without an API key.",
                "Set API_KEY or API_KEY_FILE, listen on 127.0.0.1, or use --insecure.",
            )

    return check
