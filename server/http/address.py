"""The address of the server."""

import socket

from models.model_errors import ClassifyError
from server.settings import Settings


class PortTaken(ClassifyError):
    """The server cannot listen on the address.

    Choose another PORT or HOST, or end the program that listens there.
    """

    code = "port_taken"


def bind(settings: Settings) -> socket.socket:
    """The listening socket; raises PortTaken, before a model is loaded."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.", "Name another --port, or end what listens there."
        ) from error
    return listener
