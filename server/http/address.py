"""The address of the server."""

import errno
import socket

from models.model_errors import ClassifyError
from server.settings import SettingInvalid, Settings

LAST_PORT = 65_535


class PortTaken(ClassifyError):
    """Another program listens on the address.

    Choose another PORT, or end that program.
    """

    code = "port_taken"


def bind(settings: Settings) -> socket.socket:
    """The listening socket, before a model is loaded; raises PortTaken, or SettingInvalid for a HOST or PORT that cannot be."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except (OSError, UnicodeError) as error:
        listener.close()
        raise _reason(settings, error) from error
    return listener


def _reason(settings: Settings, error: OSError | UnicodeError) -> ClassifyError:
    host, port = settings.host, settings.port
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Another program listens on {host}:{port}.",
            f"Name another port (--port {port + 1 if port < LAST_PORT else port - 1}), or end that program.",
        )
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return SettingInvalid(f"Only root may listen on port {port}.", "Name one from 1024 on: --port 8000.")
    return SettingInvalid(
        f"HOST is {host!r}, and this machine has no such address.",
        "Name 127.0.0.1, 0.0.0.0 (all addresses) or one of the machine's own: --host 127.0.0.1, or ASCEND_CLASSIFY_HOST, which beats a "
        "HOST that another program has set, as conda does.",
    )
