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
            speaker = over_tls(connection) if os.environ.get("TLS_CERT") else connection
            speaker.sendall(b"GET /health/ready HTTP/1.0\r\n\r\n")
            return 0 if speaker.recv(16).split(b" ")[1:2] == [b"200"] else 1
    except OSError:
        return 1


def over_tls(connection: socket.socket) -> socket.socket:
    """The same connection over TLS, whatever the certificate: it names this server by the names that its clients use."""
    import ssl  # 20 ms more

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection)


if __name__ == "__main__":
    sys.exit(main())
