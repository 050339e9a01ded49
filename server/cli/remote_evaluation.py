"""An evaluation by a running server: the data set is packed into an upload as it is sent, and the server followed to the end."""

import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from server.api.schemas import ErrorReply, EvaluationReply
from server.evaluation.dataset.labelled_set import LABEL_FILES
from server.evaluation.evaluation_errors import DatasetInvalid, RunInvalid, ServerRefused
from server.evaluation.jobs.evaluation_job import EvaluationRequest, JobState
from server.serving.classify_files import IMAGE_SUFFIXES

TIMEOUT_S = 60.0  # the events come twice a second
_CHUNK_BYTES = 256 * 1024


class RemoteServer:
    """The evaluations of a server."""

    def __init__(self, url: str, api_key: str | None) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise RunInvalid(f"{url!r} is no address of a server.", "Write it as http://host:8000.")
        self._address = address
        self._headers = {"X-Api-Key": api_key} if api_key else {}

    def submit(self, folder: Path, labels: Path | None, request: EvaluationRequest) -> str:
        """Upload a folder of images with its labels; the evaluation's id. Raises ServerRefused or DatasetInvalid."""
        fields = {"top_k": str(request.top_k)} | ({"limit": str(request.limit)} if request.limit else {})
        files = dict(_files(folder))
        if labels:
            name = labels.relative_to(folder).as_posix() if labels.is_relative_to(folder) else f"{uuid.uuid4().hex}{labels.suffix}"
            files[name] = labels
            fields["labels"] = name
        boundary = uuid.uuid4().hex
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Transfer-Encoding": "chunked"}
        with self._asked("POST", "/evaluate", headers, _form(boundary, fields, files)) as answer:
            return self._told(answer.read()).id

    def follow(self, job_id: str) -> Iterator[EvaluationReply]:
        """How far the evaluation is, until it is over; raises ServerRefused if it fails, or the server goes away."""
        now: EvaluationReply | None = None
        while now is None or not now.state.over:
            with self._asked("GET", f"/evaluate/{job_id}/events") as answer:
                for line in answer:
                    if line.startswith(b"data: "):
                        now = self._told(line.removeprefix(b"data: "))
                        yield now
        if now.state is not JobState.FINISHED:
            raise ServerRefused(f"The evaluation is {now.state}: {now.error or 'by somebody else'}")

    def fetch(self, job_id: str, what: str, accept: str) -> Iterator[bytes]:
        """The lines of the `report` or the `predictions`; raises ServerRefused."""
        with self._asked("GET", f"/evaluate/{job_id}/{what}", {"Accept": accept}) as answer:
            yield from answer

    def _told(self, answer: bytes) -> EvaluationReply:
        try:
            return EvaluationReply.model_validate_json(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "answer"
            raise ServerRefused(f"{self._address.geturl()} answers what is no evaluation: {where}: {first['msg']}.") from error

    @contextmanager
    def _asked(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: Iterator[bytes] | None = None
    ) -> Iterator[HTTPResponse]:
        make = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        connection = make(self._address.hostname or "", self._address.port, timeout=TIMEOUT_S)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # it has refused the rest: its answer says why
                whole = self._address.path.rstrip("/") + path
                connection.request(method, whole, body, self._headers | (headers or {}), encode_chunked=True)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise ServerRefused(_reason(answer))
            yield answer
        except (OSError, HTTPException) as error:
            raise ServerRefused(f"{self._address.geturl()} does not answer: {error or type(error).__name__}.") from error
        finally:
            connection.close()


def _reason(answer: HTTPResponse) -> str:
    try:
        found = ErrorReply.model_validate_json(answer.read(64 * 1024))
    except ValidationError:
        return f"The server answered {answer.status} {answer.reason}."
    return f"{found.error} [{found.code}]"


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The images and lists of a folder by their names below it; what is hidden is left out."""
    if not folder.is_dir():
        raise DatasetInvalid(f"{folder} is not a folder.")
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if any(part.startswith(".") for part in below.parts) or not path.is_file():
            continue
        if path.suffix.lower() in IMAGE_SUFFIXES or str(below) in LABEL_FILES:
            yield below.as_posix(), path


def _form(boundary: str, fields: dict[str, str], files: dict[str, Path]) -> Iterator[bytes]:
    for name, value in fields.items():
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="archive"; filename="set.tar"\r\n'
    yield f"{head}Content-Type: application/x-tar\r\n\r\n".encode()
    yield from _tar(files)
    yield f"\r\n--{boundary}--\r\n".encode()


def _tar(files: dict[str, Path]) -> Iterator[bytes]:
    """A tar of these files, piece by piece; raises DatasetInvalid for one that cannot be read or changes meanwhile."""
    for name, path in files.items():
        try:
            with path.open("rb") as file:
                info = tarfile.TarInfo(name)
                info.size = left_bytes = path.stat().st_size
                yield info.tobuf()
                while chunk := file.read(min(_CHUNK_BYTES, left_bytes)):
                    left_bytes -= len(chunk)
                    yield chunk
        except OSError as error:
            raise DatasetInvalid(f"{path} cannot be read: {error.strerror}.") from error
        if left_bytes:
            raise DatasetInvalid(f"{path} became shorter while it was sent.")
        yield bytes(-info.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
