"""A reverse proxy on this machine: passes each request on, with the headers that proxies add."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.server.process import NO_TLS


@contextmanager
def reverse_proxy(
    upstream: str, *, forwarded_for: bool, public_host: str | None = None, path: str = "", takes_off: bool = False
) -> Iterator[str]:
    """The address of a proxy before `upstream`, a URL. Only what lies below `path` is passed on; `takes_off` takes that path off.

    `forwarded_for` adds X-Forwarded-For and X-Forwarded-Proto; `public_host` is the Host that clients sent, None that of the upstream.
    """

    class Forward(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if not self.path.startswith(path):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
            if forwarded_for:
                headers |= {"X-Forwarded-For": self.headers.get("X-Forwarded-For", "203.0.113.9"), "X-Forwarded-Proto": "https"}
            if public_host:
                headers["Host"] = public_host
            reply = httpx.request(
                self.command, upstream + self.path[len(path) if takes_off else 0 :], content=body, headers=headers, verify=NO_TLS
            )
            self.send_response(reply.status_code)
            for name, value in reply.headers.multi_items():
                if name not in ("connection", "content-length", "date", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        do_GET, do_POST, do_DELETE = answer, answer, answer  # noqa: N815 - the names of http.server

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Forward) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
