"""Answers a request for inference: the same inspection, admission, fairness and deadline as an image of POST /classify."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import NamedTuple

from server.engines.work import InferenceRequest
from server.errors import EngineUnavailable, NotFound, ServiceError
from server.oip.class_labels import labels_of
from server.oip.infer_reply import InferReply, Outcome, OutputTensors, needed_scores, wanted_outputs
from server.oip.infer_request import InferRequest, RequestedOutput, take_images
from server.serving.budgets import BodyHold
from server.serving.inspection_pool import SMALL_BYTES, InspectionPool
from server.serving.registry import RegisteredModel, Registry
from server.serving.served_model import ServedModel
from server.settings import Settings
from server.telemetry.tracing import named
from server.types import Prediction, Scores

ImageWork = Callable[[], Coroutine[None, None, Prediction]]


class Caller(NamedTuple):
    """The request that a transport has received: its id and that of its trace, and the client that gets an equal share."""

    request_id: str
    client: str
    trace_id: str = ""

    @property
    def name(self) -> str:
        """What the logs of engines call it."""
        return named(self.request_id, self.trace_id)


class _Asked(NamedTuple):
    """What a request asks of every image; `versions` are those that its images have found."""

    deadline_s: float
    outputs: Sequence[RequestedOutput]
    versions: set[ServedModel]

    def scores_of(self, served: ServedModel) -> Scores:
        return "full" if served.scores == "full" else needed_scores(self.outputs, served.model.manifest.classes)


def find_model(models: Registry, name: str, version: str = "") -> RegisteredModel:
    """The model of a name; raises NotFound, also for a version that is not served. An empty version is the present one."""
    found = models.get(name)
    present = found.model.manifest.version
    if version not in ("", present):
        raise NotFound(f"Version {version[:80]!r} of the model {name} is not served.", f"Served: {present}.")
    return found


def answering_model(models: Registry, name: str, version: str, request_id: str) -> RegisteredModel:
    """The model that answers a request for inference; raises NotFound. A request that names a version never gets another one."""
    return find_model(models, name, version) if version else models.answering(name, request_id)


class Inference:
    """The images of requests, one after the other into the fleet, and their answers as tensors."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.inspection = InspectionPool(settings.max_image_pixels)
        self._turn = asyncio.Lock()

    async def infer(
        self, model: RegisteredModel, request: InferRequest, caller: Caller, hold: BodyHold, version: str = ""
    ) -> tuple[InferReply, Sequence[Outcome]]:
        """The answer, and what the engines answered for each image; `version` is the one that the client names. The hold shrinks to them.

        Raises ServiceError; with `partial` only if no image was taken. Cancelling this spares the work that has not begun.
        """
        outputs = wanted_outputs(request)
        asked = _Asked(model.admission.deadline_s(request.timeout_ms), outputs, set())
        taken = request, self._settings.max_batch_items, self._settings.max_image_pixels
        images = take_images(*taken) if request.raw_bytes <= SMALL_BYTES else await self.inspection.beside(take_images, *taken)
        hold.shrink_to(sum(map(len, images)))
        numbers = [f"{caller.request_id}-{index}" if len(images) > 1 else caller.request_id for index in range(len(images))]
        works = [
            self._work(model, image, caller._replace(request_id=number), asked, hold) for image, number in zip(images, numbers, strict=True)
        ]
        if len(works) > 1:
            works = [partial(self._in_turn, work) for work in works]
        images.clear()
        outcomes = await _all_of(works, some=request.partial)
        served = _only(asked.versions, version)
        tensors = OutputTensors(outcomes, served.model.manifest.classes, partial(labels_of, served.model))
        answers = [outcome for outcome in outcomes if isinstance(outcome, Prediction)]
        facts = {"engine": ",".join(sorted({each.engine for each in answers})), "score_type": answers[0].score_type}
        made = [(tensors.make(each), each.binary) for each in outputs]
        manifest = served.model.manifest
        return InferReply(manifest.name, manifest.version, caller.request_id if request.id is None else request.id, facts, made), outcomes

    def _work(self, model: RegisteredModel, data: bytes, caller: Caller, asked: _Asked, hold: BodyHold) -> ImageWork:
        held = [data]  # given away when the work begins, so that the bytes live no longer than the image

        async def work() -> Prediction:
            model.admission.check_place(caller.client)
            data_bytes = len(held[0])
            image = await self.inspection.inspect(held.pop())
            hold.shrink_by(data_bytes - len(image.data))
            served = model.served  # a reload may have come since the request
            asked.versions.add(served)
            request = InferenceRequest(image, caller.name, asked.deadline_s, asked.scores_of(served), caller.client)
            return await model.classify(served, request)

        return work

    async def _in_turn(self, work: ImageWork) -> Prediction:
        async with self._turn:  # after each image the loop sees to others: a batch can take long to inspect
            await asyncio.sleep(0)
        return await work()


def _only(versions: Collection[ServedModel], named: str) -> ServedModel:
    """The version that answered all images; raises EngineUnavailable if a reload came between them, or before one that the client named."""
    served = next(iter(versions))
    if len(versions) > 1 or named not in ("", served.model.manifest.version):
        raise EngineUnavailable("Another version of the model was put into service during this request.", "Send it again.")
    return served


async def _all_of(works: Sequence[ImageWork], *, some: bool) -> Sequence[Outcome]:
    """The answers, in order. Raises the first error, which names its image; with `some` only if there is no answer."""
    if len(works) == 1:
        return [await works[0]()]
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.ALL_COMPLETED if some else asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
    outcomes = [_outcome(task) for task in tasks]
    failed = next(((index, each) for index, each in enumerate(outcomes) if isinstance(each, ServiceError)), None)
    if failed and (not some or not any(isinstance(each, Prediction) for each in outcomes)):
        index, error = failed
        raise type(error)(f"Image {index} of {len(works)}, counted from 0: {error.message}", error.remedy)
    return [each for each in outcomes if each is not None]


def _outcome(task: asyncio.Future[Prediction]) -> Outcome | None:
    """What a task has come to; None for one that was cancelled, because another one failed. Raises what is a fault of this server."""
    if not task.done() or task.cancelled():
        return None
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, ServiceError):
        return error.with_traceback(None)  # whose frames hold the image
    raise error
