"""One child process and the sockets to it, from its start to its end."""

import contextlib
import logging
import signal
import socket
import subprocess
from collections.abc import Callable
from typing import Any

from server.engines.process.program import Launch
from server.engines.process.protocol import (
    IMAGE,
    LARGE_BYTES,
    MAX_ANSWER_BYTES,
    REFUSED,
    START,
    STARTED,
    BadMessage,
    Message,
    receive_message,
    send_message,
    send_socket,
    socket_pair,
)
from server.engines.process.words import Words
from server.errors import EngineUnavailable

logger = logging.getLogger(__name__)

REAP_S = 10.0  # a killed process ends at once, unless a driver holds it
GOING_S = 2.0  # so long a child may take to end after its socket is closed; its exit code gives the cause


class Child:
    """A running child. `name` is the prefix of its lines in the log; of `places` images at once it decodes `decoders`."""

    def __init__(self, name: str, launch: Launch, start_s: float, on_begun: "Callable[[Child], None]" = lambda _: None) -> None:
        """Start the child and wait for its warm-up; raises EngineUnavailable. `on_begun` gets it before: it can be killed from then on."""
        self._name = name
        (self._socket, theirs), (self._large, theirs_large) = socket_pair(), socket_pair()
        with theirs, theirs_large:
            send_socket(self._socket, theirs_large)
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own module under the Python of the settings
                    launch.command(theirs.fileno()),
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is only for the server, which then drains
                )
            except OSError as error:
                self._close()
                raise EngineUnavailable(
                    f"{launch.python} cannot be run: {error.strerror}.", "Set ENGINE_PYTHON to a Python program."
                ) from error
        assert self._process.stdout  # noqa: S101 - a pipe was asked for
        self._words = Words(name, self.pid, self._process.stdout)
        on_begun(self)
        try:
            found = self._greet(launch, start_s)
        except BaseException:
            self.kill()
            self.reap()
            raise
        self.places, self.decoders = found["places"], found["decoders"]
        self.turns_pictures, self.reads_webp = found.get("turns") is True, found.get("webp") is True
        self.refuses_damage, self.warns_of_damage = found.get("damage") is True, self._words.take_damage()
        """Whether it fails a picture whose coded pixels are damaged; whether it at least prints a warning then."""

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def _greet(self, launch: Launch, start_s: float) -> dict[str, Any]:
        process, remedy = f"The engine process of {self._name}", launch.remedy
        self._socket.settimeout(start_s)
        try:
            send_message(self._socket, START, 0, dict(launch.config), launch.body)
            frame = self.receive()
        except ConnectionError:
            frame = None
        except TimeoutError:
            raise EngineUnavailable(self._told(f"{process} was not ready in {start_s:g} s."), remedy) from None
        except (OSError, BadMessage) as error:
            raise EngineUnavailable(self._told(f"{process} cannot be reached: {error}."), remedy) from None
        if frame is None:
            self.kill(GOING_S)
            raise EngineUnavailable(self._told(f"{process} ended before it was ready ({self.reap()})."), remedy)
        if frame.kind == REFUSED:
            message = f"{frame.meta['message']} {self._words.last_errors()}".rstrip()
            raise EngineUnavailable(message, str(frame.meta["remedy"]) or remedy)
        found = frame.meta if frame.kind == STARTED and isinstance(frame.meta, dict) else {}
        places, decoders = found.get("places"), found.get("decoders")
        if not (isinstance(places, int) and isinstance(decoders, int) and 1 <= decoders <= places):
            raise EngineUnavailable(self._told(f"{process} did not report that it is ready."), remedy)
        self._socket.settimeout(None)
        return found

    def send(self, number: int, meta: object, image: bytes) -> None:
        """Send an image; raises OSError if the child has ended. Only one thread may send large images, and one others."""
        send_message(self._large if is_large(image) else self._socket, IMAGE, number, meta, image)

    def receive(self) -> Message | None:
        """The next frame, or None at the end; raises BadMessage, OSError."""
        return receive_message(self._socket, MAX_ANSWER_BYTES)

    def end(self, within_s: float) -> None:
        """Let the child finish its images and end; kill it if that takes too long."""
        self._shut(socket.SHUT_WR)
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            logger.warning("engine process %d of %s hangs at its end and is killed", self.pid, self._name)
            self.kill()

    def kill(self, grace_s: float = 0.0) -> None:
        """Kill the child, after `grace_s` at most; threads that send or receive return."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        self._process.kill()
        self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        for one in (self._socket, self._large):
            with contextlib.suppress(OSError):
                one.shutdown(how)

    def _close(self) -> None:
        self._socket.close()
        self._large.close()

    def reap(self) -> str:
        """A description of how the child ended; call this when no thread sends or receives any more."""
        try:
            code = self._process.wait(REAP_S)
        except subprocess.TimeoutExpired:
            logger.error("engine process %d of %s cannot be killed: its driver holds it", self.pid, self._name)  # noqa: TRY400
            code = -signal.SIGKILL
        self._close()
        self._words.close(1)
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _told(self, what: str) -> str:
        """What happened, with the last lines that the child printed."""
        return f"{what} {self.last_words()}".rstrip()

    def last_words(self) -> str:
        """The last lines that the child printed."""
        return self._words.last()

    def warned(self) -> bool:
        """Whether a decoder of the child has warned of a damaged picture since the last call.

        The child prints before it answers: so after a result, this tells of its picture.
        """
        return self._words.take_damage()


def is_large(image: bytes) -> bool:
    """Whether an image goes over the socket for large ones."""
    return len(image) > LARGE_BYTES
