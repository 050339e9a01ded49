"""Checks the head of a request for faults that the parser allows."""

from httptools import HttpRequestParser

from server.errors import BadRequest, HeadersTooLarge, UriTooLong
from server.http.limits import MAX_HEAD_BYTES, MAX_HEADERS, MAX_PARAMETERS, MAX_URL_BYTES

NOTED = frozenset({b"content-length", b"expect", b"host", b"transfer-encoding"})


def uvicorns_parser(protocol: object) -> HttpRequestParser:
    """A parser that reads as uvicorn's do."""
    parser = HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class Head:
    """The collected facts of a request's headers while they arrive. Its methods raise ServiceError."""

    __slots__ = ("_hosts", "_trailers", "content_length", "expects_continue")

    def __init__(self) -> None:
        self.content_length: int | None = 0
        self.expects_continue = False
        self._hosts = self._trailers = 0

    def check_url(self, url: bytes) -> None:
        """Refuse a URL that is too long, or whose query has too many parts, while it arrives."""
        if len(url) > MAX_URL_BYTES:
            raise UriTooLong(f"The URL has more than {MAX_URL_BYTES} bytes.", "Shorten the URL: options may stand in the body.")
        if url.count(b"&") >= MAX_PARAMETERS:
            raise BadRequest(f"The query has more than {MAX_PARAMETERS} parameters.", "Send each option once.")

    def note(self, name: bytes, value: bytes) -> None:
        """Collect one of the NOTED headers. The parser has already refused invalid numbers and repeated lengths."""
        if name == b"content-length":
            self.content_length = int(value)
        elif name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self.expects_continue = value.lower() == b"100-continue"
        elif value.lower() != b"chunked":
            raise BadRequest("The only supported Transfer-Encoding is chunked.")
        else:
            self.content_length = None

    def count_trailer(self) -> None:
        """Refuse an endless trailer."""
        self._trailers += 1
        if self._trailers > MAX_HEADERS:
            raise HeadersTooLarge(f"The trailer has more than {MAX_HEADERS} headers.")

    def check(self, method: bytes, version: str, headers: list[tuple[bytes, bytes]]) -> None:
        """Refuse the head as a whole."""
        if sum([len(name) + len(value) for name, value in headers]) > MAX_HEAD_BYTES:
            raise HeadersTooLarge(f"The headers have more than {MAX_HEAD_BYTES} bytes.", "Send shorter headers.")
        if version == "1.1":
            if self._hosts != 1:
                raise BadRequest("The request needs one Host header.")
        elif version != "1.0":
            raise BadRequest(f"HTTP/{version} is not supported.", "Use HTTP/1.1.")
        elif self.content_length is None:
            raise BadRequest("HTTP/1.0 does not have Transfer-Encoding.")
        else:
            self.expects_continue = False
        if method == b"CONNECT":
            raise BadRequest("This server is not a proxy.")

    @staticmethod
    def without_upgrade(parser: HttpRequestParser, url: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The head that the parser has read, without the request for another protocol."""
        lines = [b"%b: %b\r\n" % header for header in headers if header[0] != b"upgrade"]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (parser.get_method(), url, parser.get_http_version().encode(), b"".join(lines))
