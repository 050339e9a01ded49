"""A server that hostile images and requests are sent to: small bounds, so that many are beyond them, and short times."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.level_model import store_level_model
from tests.server.process import NEW_PROCESS, ServerProcess
from tests.soak.images import MAX_PIXELS

MAX_BODY_BYTES = 300_000  # tests/soak/http_requests.py makes bodies around it


@contextmanager
def hostile_server(engine: str, python: Sequence[str] = NEW_PROCESS) -> Iterator[ServerProcess]:
    """The level model on this engine; in a fork, if `python` is empty."""
    with TemporaryDirectory() as folder:
        store_level_model(Path(folder))
        with ServerProcess(
            python=python,
            model_store=folder,
            model="level",
            engines=engine,
            max_image_pixels=MAX_PIXELS,
            max_body_bytes=MAX_BODY_BYTES,
            client_timeout_s=4,
            keep_alive_s=4,
        ) as server:
            yield server
