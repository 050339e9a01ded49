"""A scenario of a remedy: something is refused, what the refusal says is done, and then the same thing goes."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from models.model_errors import ClassifyError
from tests.server.cli.command import run
from tests.server.process import ServerProcess

API_KEY = "the-key-of-the-scenarios"
NOTHING: Mapping[str, str] = MappingProxyType({})
MAX_CONNECTIONS = 40
MAX_UPLOAD_BYTES = 100_000


@dataclass(frozen=True)
class Refusal:
    """The code, and the words that a person reads."""

    code: str
    words: str


@dataclass(frozen=True)
class Scenario:
    """`attempt` gives the refusal, or None if it goes; `mend` gets the words of the refusal and does what they say."""

    attempt: Callable[[], Refusal | None]
    mend: Callable[[str], object]


@dataclass(frozen=True)
class Place:
    """What a scenario may use: a folder of its own, which is the current one, and two servers with the model "level"."""

    folder: Path
    server: ServerProcess
    keyed_server: ServerProcess

    def send(self, method: str, path: str, **body: Any) -> httpx.Response:
        """A request to the server without a key."""
        return self.server.client.request(method, path, **body)


Make = Callable[[Place], Scenario]
SCENARIOS: dict[str, tuple[type[ClassifyError], Make]] = {}
"""By name: the error that it provokes, and the scenario."""


def provokes(error: type[ClassifyError]) -> Callable[[Make], Make]:
    """Enter a scenario into the list of an error."""

    def enter(make: Make) -> Make:
        assert make.__name__ not in SCENARIOS
        SCENARIOS[make.__name__] = error, make
        return make

    return enter


def command(*words: object, **environment: str) -> Refusal | None:
    """Run `ascend-classify` with these words."""
    done = run(*words, **environment)
    if not done.returncode:
        return None
    told = re.search(r"(?:error: )?(.+) \[(\w+)\]\n", done.stderr + done.stdout)
    assert told, done
    return Refusal(told[2], told[1])


def answered(response: httpx.Response) -> Refusal | None:
    """The refusal of a server."""
    if response.is_success:
        return None
    return Refusal(response.json()["code"], response.json()["error"])


def called(function: Callable[[], object]) -> Refusal | None:
    """Call a part of the program whose errors are printed as they are."""
    try:
        function()
    except ClassifyError as error:
        return Refusal(error.code, str(error))
    return None


def printed(words: str, **given: object) -> list[str]:
    """The arguments of the command with which the words end; `given` replaces its words in capitals."""
    _, found, command_line = words.rpartition("ascend-classify ")
    assert found, words
    return [str(given.get(word.partition(".")[0], word)) for word in shlex.split(command_line)]


def do_printed(words: str, environment: Mapping[str, str] = NOTHING, **given: object) -> None:
    """Run that command."""
    done = run(*printed(words, **given), **environment)
    assert done.returncode == 0, done


def switch(settings: dict[str, str], words: str, setting: str) -> None:
    """Take over `SETTING=value` as the words say it."""
    found = re.search(rf"\b{setting}=([\w.,/]+)", words)
    assert found, words
    settings[setting] = found[1].rstrip(".,")


def said(words: str, *parts: str) -> None:
    """See that the words say all of this: what comes after follows them."""
    assert [part for part in parts if part not in words] == [], words


def one_of(words: str, before: str) -> str:
    """The first word of a list behind `before`."""
    found = re.search(rf"{re.escape(before)} ?([\w./-]+)", words)
    assert found, words
    return found[1].rstrip(".,")


def after(*parts: str, do: Callable[[], object]) -> Callable[[str], None]:
    """What mends if the words say all of this."""

    def mend(words: str) -> None:
        said(words, *parts)
        do()

    return mend
