"""The client for ordinary programs."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Any

import httpx

from ascend_classify_client import batches, operations
from ascend_classify_client.address import check_address, headers, reply_of, sent, silence
from ascend_classify_client.answers import Answer, Evaluation, ImageError
from ascend_classify_client.batches import BATCH, BATCH_BYTES
from ascend_classify_client.exchange import Ask, Plan, Reply, Result, Wait
from ascend_classify_client.image_sources import Image
from ascend_classify_client.operations import map_text, options
from ascend_classify_client.retries import Retries


class Client:
    """A server. Threads may share a client; it keeps connections open until `close`, or the end of its `with`.

    `timeout_s` bounds each step of a request: to connect, to send a piece, to receive a piece.
    """

    def __init__(
        self, url: str, *, api_key: str | None = None, model: str | None = None, retries: Retries | None = None, timeout_s: float = 60.0
    ) -> None:
        """Sends nothing yet; raises ValueError for an address that is none. `model` names one of several that a server has."""
        self._retries, self._model = retries or Retries(), model
        self._http = httpx.Client(base_url=check_address(url), headers=headers(api_key), timeout=timeout_s)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def classify(self, image: Image, *, top_k: int | None = None, coverage: float | None = None, timeout_ms: int | None = None) -> Answer:
        """The best classes of an image; with a `coverage` also a prediction set. Raises ClientError; OSError for a file."""
        params = options(top_k=top_k, coverage=coverage, timeout_ms=timeout_ms, model=self._model)
        return self._run(operations.classify(image, params, self._retries))

    def classify_batch(
        self,
        images: Iterable[Image],
        *,
        top_k: int | None = None,
        coverage: float | None = None,
        batch_size: int = BATCH,
        batch_bytes: int = BATCH_BYTES,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer | ImageError]:
        """One outcome for each image, in order. `progress` is called with the number of images that are done.

        A request has at most `batch_size` images of `batch_bytes` together, and fewer where the server takes less.
        """
        params = options(top_k=top_k, coverage=coverage, model=self._model)
        return self._run(batches.classify_batch(images, params, self._retries, batch_size, batch_bytes, progress))

    def evaluate(
        self,
        source: Path | str | None = None,
        *,
        dataset: str | None = None,
        labels: str | None = None,
        top_k: int | None = None,
        limit: int | None = None,
        label_map: Mapping[str, str] | None = None,
        progress: Callable[[Evaluation], None] | None = None,
    ) -> dict[str, Any]:
        """Measure a labelled set, and return the report. `source` is a folder or an archive here, or `dataset` is a folder of the server.

        `labels` names the list of labels in the set; `label_map` gives the classes of a label that is none: {"cat": "281-285"}.
        Interrupted, the evaluation goes on at the server: `follow(id)`.
        """
        begun = self.submit(source, dataset=dataset, labels=labels, top_k=top_k, limit=limit, label_map=label_map)
        return self.follow(begun.id, progress=progress)

    def submit(
        self,
        source: Path | str | None = None,
        *,
        dataset: str | None = None,
        labels: str | None = None,
        top_k: int | None = None,
        limit: int | None = None,
        label_map: Mapping[str, str] | None = None,
    ) -> Evaluation:
        """Begin an evaluation and return at once; the arguments are those of `evaluate`."""
        fields = options(dataset=dataset, labels=labels, top_k=top_k, limit=limit, map=map_text(label_map), model=self._model)
        return self._run(operations.submit(source, fields, self._retries))

    def follow(self, id: str, *, progress: Callable[[Evaluation], None] | None = None) -> dict[str, Any]:  # noqa: A002
        """The report of an evaluation, when it is finished; raises EvaluationFailed."""
        return self._run(operations.followed(id, progress, self._retries))

    def cancel_evaluation(self, id: str) -> Evaluation:  # noqa: A002
        """Cancel an evaluation, or remove one that has ended."""
        return self._run(operations.changed("DELETE", f"/evaluate/{id}", self._retries))

    def resume_evaluation(self, id: str) -> Evaluation:  # noqa: A002
        """Resume an evaluation that failed or was cancelled."""
        return self._run(operations.changed("POST", f"/evaluate/{id}/resume", self._retries))

    def info(self) -> dict[str, Any]:
        """The served model, the engines and the limits."""
        return self._run(operations.get_object("/info", self._retries))

    def is_ready(self) -> bool:
        """Whether the server answers images now; False also if there is none."""
        return self._send(Ask("GET", "/health/ready")).status == httpx.codes.OK

    def _run(self, plan: Plan[Result]) -> Result:
        try:
            step = next(plan)
            while True:
                step = plan.send(self._do(step))
        except StopIteration as end:
            result: Result = end.value
            return result

    def _do(self, step: Ask | Wait) -> Reply:
        if isinstance(step, Ask):
            return self._send(step)
        sleep(step.seconds)
        return Reply(0)

    def _send(self, ask: Ask) -> Reply:
        body = ask.body()
        try:
            return reply_of(self._http.request(ask.method, ask.path, params=ask.params, headers=ask.headers, **sent(body)))
        except httpx.HTTPError as error:
            return silence(str(self._http.base_url), error)
