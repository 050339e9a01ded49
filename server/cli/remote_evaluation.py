"""An evaluation on a running server: packs the data set into an upload while it sends, and follows the evaluation to its end."""

import errno
import os
import stat
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx

from server.api.schemas import EvaluationReply
from server.cli.server_client import TIMEOUT_S, UPLOAD_TIMEOUT, connect, parse, read_lines, read_whole, reason_of, refusal_of, silence_of
from server.evaluation.dataset.image_folder import ImageFolder
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_layout import LABEL_FILES, label_files, parts, refuse_parts, unwrapped
from server.evaluation.evaluation_errors import DatasetInvalid, RunInvalid, ServerRefused
from server.evaluation.jobs.evaluation_job import EvaluationRequest, JobState
from server.images.picture_files import is_picture_file

_CHUNK_BYTES = 256 * 1024
_EMPTY = Path(os.devnull)


class RemoteServer:
    """The evaluations of a server."""

    def __init__(self, url: str, api_key: str | None) -> None:
        """Prepare the client; sends nothing yet. Raises RunInvalid for an invalid address."""
        self._url, self._api_key = url.rstrip("/"), api_key
        try:
            connect(url, api_key).close()
        except ValueError:
            raise RunInvalid(f"{url!r} is not the address of a server.", "Write it as http://host:8000.") from None

    def page_of(self, job_id: str) -> str:
        """The address of an evaluation."""
        return f"{self._url}/evaluate/{job_id}"

    def submit(self, images: Path, labels: Path | None, request: EvaluationRequest) -> str:
        """Upload a folder of images with its labels; returns the evaluation's id. Raises ServerRefused or DatasetInvalid.

        `images` may be a zip or a tar, which goes as it is; then `labels` is the path of a list inside it.
        """
        fields = {"top_k": str(request.top_k)}
        fields |= {name: str(value) for name, value in (("limit", request.limit), ("map", request.map), ("model", request.model)) if value}
        if images.is_file():
            archive, list_name = _whole(images), labels and labels.as_posix()
        else:
            archive, list_name = _packed(images, labels)
        if list_name:
            fields["labels"] = list_name
        boundary = uuid.uuid4().hex
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        with self._asked("POST", "/evaluate", headers, _form(boundary, fields, archive)) as answer:
            return self._told(read_whole(answer)).id

    def follow(self, job_id: str) -> Iterator[EvaluationReply]:
        """The progress of the evaluation, until it ends; raises ServerRefused if it fails or the server disappears."""
        now: EvaluationReply | None = None
        while now is None or not now.state.over:
            with self._asked("GET", f"/evaluate/{job_id}/events") as answer:
                for line in read_lines(answer):
                    if line.startswith(b"data: "):
                        now = self._told(line.removeprefix(b"data: "))
                        yield now
        if now.state is not JobState.FINISHED:
            raise ServerRefused(f"The evaluation is {now.state}: {now.error or 'by somebody else'}")

    def fetch(self, job_id: str, what: str, accept: str, language: str = "en") -> Iterator[bytes]:
        """The lines of the `report` or the `predictions`; raises ServerRefused."""
        with self._asked("GET", f"/evaluate/{job_id}/{what}", {"Accept": accept, "Accept-Language": language}) as answer:
            yield from read_lines(answer)

    def _told(self, answer: bytes) -> EvaluationReply:
        try:
            return parse(EvaluationReply, answer)
        except ValueError as error:
            raise ServerRefused(f"{self._url} answers what is not an evaluation: {error}") from error

    @contextmanager
    def _asked(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: Iterator[bytes] | None = None
    ) -> Iterator[httpx.Response]:
        timeout = UPLOAD_TIMEOUT if body else TIMEOUT_S
        try:
            with (
                connect(self._url, self._api_key) as client,
                client.stream(method, path, headers=headers, content=body, timeout=timeout) as answer,
            ):
                if not answer.is_success:
                    said = read_whole(answer)
                    reason, remedy = refusal_of(answer.status_code, said)
                    told = reason_of(said)
                    nameless = f"The server answered {answer.status_code} {answer.reason_phrase}."
                    raise ServerRefused(f"{reason}{f' [{told.code}]' if told else ''}" if reason else nameless, remedy)
                yield answer
        except httpx.HTTPError as error:
            raise ServerRefused(silence_of(self._url, error), "Start it, or correct --url.") from error


def _packed(folder: Path, labels: Path | None) -> tuple[Iterator[bytes], str | None]:
    """A tar of a folder and its list of labels, and the name of the list in it."""
    files = dict(_files(folder, listed=labels is not None))
    if labels is None:
        return _tar(files), None
    name = labels.relative_to(folder).as_posix() if labels.is_relative_to(folder) else f"{uuid.uuid4().hex}{labels.suffix}"
    return _tar({**files, name: labels}), name


def _files(folder: Path, *, listed: bool) -> Iterator[tuple[str, Path]]:
    """The files of a folder by their names in it, with links followed; raises DatasetInvalid for the parts of a set, as train and val.

    What the server only counts is sent without its content: hidden files, and files beside the folders that are neither pictures nor lists.
    """
    found = ImageFolder(RootFiles(folder, follow_links=True))
    inner = unwrapped(found, lambda _: False, [])
    if not listed and not label_files(inner) and len(names := parts(inner)) > 1:
        raise refuse_parts(inner, names)
    for name in found.walk():
        whole = "/" in name or name in LABEL_FILES or is_picture_file(folder / name)
        yield name, folder / name if whole else _EMPTY
    yield from ((name, _EMPTY) for name in found.side_paths())


def _opened(path: Path) -> BinaryIO:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for a writer
    if path == _EMPTY or stat.S_ISREG(os.fstat(opened).st_mode):
        return os.fdopen(opened, "rb")
    os.close(opened)
    raise OSError(errno.EINVAL, "it is not a plain file")


def _form(boundary: str, fields: dict[str, str], archive: Iterator[bytes]) -> Iterator[bytes]:
    for name, value in fields.items():
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="archive"; filename="set"\r\n'
    yield f"{head}Content-Type: application/octet-stream\r\n\r\n".encode()
    yield from archive
    yield f"\r\n--{boundary}--\r\n".encode()


def _whole(path: Path) -> Iterator[bytes]:
    """An archive as it is, piece by piece; raises DatasetInvalid if it cannot be read."""
    try:
        with _opened(path) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise DatasetInvalid(f"{path} cannot be read: {error.strerror}.") from error


def _tar(files: dict[str, Path]) -> Iterator[bytes]:
    """A tar of these files, piece by piece; raises DatasetInvalid for a file that cannot be read or changes during the upload."""
    for name, path in files.items():
        try:
            with _opened(path) as file:
                info = tarfile.TarInfo(name)
                info.size = left_bytes = os.fstat(file.fileno()).st_size
                yield info.tobuf()
                while chunk := file.read(min(_CHUNK_BYTES, left_bytes)):
                    left_bytes -= len(chunk)
                    yield chunk
        except OSError as error:
            raise DatasetInvalid(f"{path} cannot be read: {error.strerror}.", "Correct it, or move it out of the set.") from error
        if left_bytes:
            raise DatasetInvalid(f"{path} became shorter while it was sent.")
        yield bytes(-info.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
