"""The API keys: read at start, and compared with that of each request."""

import logging
import re
import stat
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from typing import Self

from starlette.types import Scope

from server.api.request_context import client_of
from server.api.sessions import Sessions
from server.errors import Unauthorized
from server.settings import SettingInvalid, Settings

logger = logging.getLogger(__name__)

DEFAULT = "default"
"""The name of the key of API_KEY or API_KEY_FILE."""
REMEDY = "Each line of API_KEYS_FILE is name:key; a line that begins with # is a comment."
_BEARER = b"bearer "
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ApiKeys:
    """Keys by name. The name says who asks: it is in the access log, and all requests with one key share as one client.

    A key of API_KEY alone says nothing of that, because all clients have it: then each address is a client, as without a key.
    """

    def __init__(self, keys: Mapping[str, str], *, named: bool = False) -> None:
        self._secret = token_bytes(32)
        self._names = {self._digest(key.encode()): name for name, key in keys.items()}
        self._named = named
        self.sessions = Sessions(keys)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The keys that the settings name; raises SettingInvalid."""
        single = settings.read_api_key()
        keys = {DEFAULT: single} if single else {}
        path = settings.api_keys_file
        return cls({**keys, **_read(path, keys)} if path else keys, named=bool(path))

    def __bool__(self) -> bool:
        """Whether requests need a key."""
        return bool(self._names)

    def name_of(self, headers: Mapping[bytes, bytes], method: str = "GET") -> str:
        """The name of the key of a request, or of the key that its browser signed in with; raises Unauthorized, Forbidden."""
        if found := self.find(headers) or self.sessions.name_of(headers, method):
            return found
        raise Unauthorized("The API key is missing or wrong.", "Send it as X-Api-Key or as Authorization: Bearer.")

    def find(self, headers: Mapping[bytes, bytes]) -> str:
        """The name of the key of a request, empty if the key is missing or wrong.

        The time it takes tells nothing of the keys: what is looked up is a digest with a secret of this process, which nobody can foresee.
        """
        given = headers.get(b"x-api-key") or _credentials(headers.get(b"authorization", b""))
        return self.named(given)

    def named(self, key: bytes) -> str:
        """The name of this key; empty if there is no such key."""
        return self._names.get(self._digest(key.strip()), "")  # blanks around a value do not belong to it (RFC 9110, 5.5)

    def _digest(self, key: bytes) -> bytes:
        return blake2b(key, digest_size=32, key=self._secret).digest()

    def client_of(self, scope: Scope, name: str) -> str:
        """The client that gets an equal share: the key of this name if keys tell clients apart, else the address or the connection."""
        return f"key {name}" if self._named else client_of(scope)


NO_KEYS = ApiKeys({})


def _credentials(authorization: bytes) -> bytes:
    """What follows the word Bearer, in any case (RFC 9110, 11.1)."""
    return authorization[len(_BEARER) :] if authorization[: len(_BEARER)].lower() == _BEARER else authorization


def _read(path: Path, keys: Mapping[str, str]) -> Mapping[str, str]:
    """The keys of a file, which may repeat neither a name nor a key of each other or of `keys`; raises SettingInvalid."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
        open_to_all = path.stat().st_mode & stat.S_IROTH
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(f"API_KEYS_FILE cannot be read: {_why(error)}.", "Name a text file that the server may read.") from error
    if open_to_all:
        logger.warning("every user of this machine can read the API keys in %s; to close it: chmod o-r %s", path, path)
    names = {key: name for name, key in keys.items()}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, key = _entry(f"{path}, line {number}", line)
            if key in names or name in names.values():
                what = f"the key of {names[key]!r}" if key in names else f"the name {name!r}"
                raise SettingInvalid(f"{path}, line {number}: {what} occurs twice.", "Give each name one key, and each key one name.")
            names[key] = name
    if not names:
        raise SettingInvalid(f"{path} holds no API key.", REMEDY)
    return {name: key for key, name in names.items()}


def _entry(where: str, line: str) -> tuple[str, str]:
    """Name and key of a line; raises SettingInvalid, which tells nothing of the key."""
    name, colon, key = (part.strip() for part in line.partition(":"))
    if not colon:
        raise SettingInvalid(f"{where}: there is no colon.", REMEDY)
    if not _NAME.fullmatch(name):
        raise SettingInvalid(f"{where}: the name is not of letters, digits and . _ - (64 at most).", REMEDY)
    if not key:
        raise SettingInvalid(f"{where}: the key of {name!r} is empty.", REMEDY)
    return name, key


def _why(error: OSError | UnicodeDecodeError) -> str:
    return str(error) if isinstance(error, OSError) else "it is not UTF-8"
