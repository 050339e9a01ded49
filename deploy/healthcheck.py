"""Docker's health check: exit code 0 when GET /health/ready answers 200. Standard library only, 30 ms: it runs every ten seconds."""

import os
import socket
import sys

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where the server listens on every address


def main() -> int:
    """The exit code."""
    host = os.environ.get("HOST", "127.0.0.1")
    try:
        with socket.create_connection((ANY.get(host, host), int(os.environ.get("PORT", "8000"))), timeout=4) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.0\r\n\r\n")
            return 0 if connection.recv(16).split(b" ")[1:2] == [b"200"] else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
