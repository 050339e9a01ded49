"""Takes the server's folders out of what clients are told; the log has the whole paths."""

import re

_OF_ROUTES = r"evaluate/(?:\{id\}|[0-9a-f]{16}\b)|health/(?:live|ready)\b|admin/models/reload\b|classify/batch\b"
_PATH = re.compile(rf"(?<![\w:/.~-])/(?!{_OF_ROUTES})(?:[^\s/'\"`,;()]+/)+([^\s/'\"`,;()]*)")


def without_folders(text: str) -> str:
    """The text with the last name in the place of every absolute path of two or more names; URLs and routes stay."""
    return _PATH.sub(r"\1", text) if "/" in text else text
