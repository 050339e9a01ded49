"""Explains an answer: how much the score of a class falls when a part of the picture is covered.

The covered pictures go to the engines that serve, as one client of low weight: all explanations of a server together hold a few places of
the window, and the engines' fair queue takes them for a single client. Nobody waits for them, and no metric counts them as answers.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic

import numpy as np

from pipelines.cpu.low_priority import LowPriorityThread
from server.engines.all_scores import FLOAT32
from server.engines.assembly import decode_room
from server.engines.work import InferenceRequest, Work
from server.errors import BadRequest, DeadlineExceeded, NotFound, Saturated, ScoresUnavailable, ServiceError
from server.images.occlusion import LEAST_GRID, MOST_GRID, Occlusion
from server.images.small_picture import priced_small, small_picture
from server.images.upright import Pixels, upright_px
from server.serving.registry import RegisteredModel
from server.serving.served_model import ServedModel
from server.settings import Settings
from server.types import ClassScore, EncodedImage, Prediction, Scores

CLIENT = "explanation"
"""The client of all explanations in the engines' fair queue."""
MOST_UNDER_WAY = 8
"""Explanations at once, one of a client."""
SHARE, MOST_PLACES = 16, 4
"""The part of the window that the covered pictures of all explanations may take, and the most places."""
SIDE_PX = 512
"""The longest side of the picture that is covered, unless the model sees more pixels than that."""
DEFAULT_GRID = 7
LOOK_S = 0.02
"""Between two looks for room."""
DIGITS = 6


def runs_of(grid: int) -> int:
    """The images of one explanation: the whole picture, and one for each cell."""
    return 1 + grid * grid


@dataclass(frozen=True, slots=True)
class ExplanationRequest:
    """What is to be explained: the class, or without one the best; over a grid of so many cells a side."""

    image: EncodedImage
    grid: int
    class_id: int | None
    id: str
    deadline_s: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A cell without a number, since its picture got no answer."""

    row: int
    column: int
    error: ServiceError


@dataclass(frozen=True, slots=True)
class Explanation:
    """For each cell, row by row, how much the score falls from that of the whole picture; None where that failed.

    `explained` has the score of the reduced picture. A cell of `bounded` has a least fall: its class was not among the best any more, and
    the engine gives no others. `size_px` is the picture as it is shown.
    """

    served: ServedModel
    base: Prediction
    explained: ClassScore
    size_px: tuple[int, int]
    falls: list[list[float | None]]
    failures: list[Failure]
    bounded: int


class Explainer:
    """Explains answers of all models. Use it on the event loop's thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._room = decode_room(settings.decode_budget_bytes)
        self._decoder: LowPriorityThread[Pixels] = LowPriorityThread("explanation-decoder")
        self._decoding = asyncio.Lock()
        self._places = asyncio.Semaphore(max(1, min(MOST_PLACES, settings.window // SHARE)))
        self._clients: set[str] = set()

    def grid(self, asked: int | None) -> int:
        """The cells a side; raises NotFound where explanations are turned off, and BadRequest for more cells than may be."""
        if not self._settings.explain:
            raise NotFound("This server explains no answers.", "Start it with EXPLAIN=true.")
        most = self._settings.explain_runs
        fits = max(each for each in range(LEAST_GRID, MOST_GRID + 1) if runs_of(each) <= most)
        if asked and asked > fits:
            raise BadRequest(f"A grid of {asked} takes {runs_of(asked)} images, and EXPLAIN_RUNS={most}.", f"Ask for grid={fits}.")
        return asked or min(DEFAULT_GRID, fits)

    def check_turn(self, client: str) -> None:
        """Raise Saturated if this client has an explanation under way, or others have too many: its body need not be read."""
        if client in self._clients or len(self._clients) >= MOST_UNDER_WAY:
            whose = "of this client is" if client in self._clients else f"of {MOST_UNDER_WAY} clients are"
            raise Saturated(f"An explanation {whose} under way.", "Try again in a moment.")

    @contextmanager
    def turn(self, client: str) -> Iterator[None]:
        """Around an explanation, whose body has been read: one that does not come takes no turn. Raises Saturated."""
        self.check_turn(client)
        self._clients.add(client)
        try:
            yield
        finally:
            self._clients.discard(client)

    async def explain(self, model: RegisteredModel, asked: ExplanationRequest) -> Explanation:
        """Raises ServiceError if the whole picture, or each of the covered ones, gets no answer. Cancelling this spares what is left."""
        try:
            async with asyncio.timeout(asked.deadline_s - monotonic()):
                return await _Run(self, model.served, asked).explained()
        except TimeoutError:
            raise DeadlineExceeded(
                "The explanation was not ready within the request's time.", "Ask for fewer cells (grid=4), or for more time."
            ) from None

    async def small_picture(self, served: ServedModel, image: EncodedImage) -> Pixels:
        """The picture, small and upright; one after the other, and in the room that all decoders share."""
        recipe = served.model.manifest.recipe
        most_px = max(SIDE_PX, recipe.resize_width_px, recipe.resize_height_px)
        work = Work(InferenceRequest(priced_small(image, most_px), CLIENT, float("inf")))
        async with self._decoding:
            while not self._room.take_aside(work):  # noqa: ASYNC110 - it changes on the threads of the engines
                await asyncio.sleep(LOOK_S)
            decoding = asyncio.create_task(asyncio.to_thread(self._decoder.run, partial(small_picture, image, most_px)))
            try:
                await asyncio.wait([decoding])
            except asyncio.CancelledError:
                await asyncio.wait([decoding])  # nothing ends a decoder: until it is done, it holds its room and the turn of its client
                raise
            finally:
                self._room.aside.remove(work)
            return decoding.result()

    async def answer(self, served: ServedModel, draw: Callable[[], EncodedImage], asked: ExplanationRequest, scores: Scores) -> Prediction:
        """The answer to one picture, which is drawn as soon as there is a place for it; raises ServiceError."""
        async with self._places:
            request = InferenceRequest(await asyncio.to_thread(draw), asked.id, asked.deadline_s, scores, CLIENT)
            while True:
                try:
                    return served.calibrated(await asyncio.wrap_future(served.engine.submit(request)))
                except Saturated:  # others have taken the window, and an explanation is in no hurry
                    await asyncio.sleep(LOOK_S)


class _Run:
    """One explanation."""

    def __init__(self, explainer: Explainer, served: ServedModel, asked: ExplanationRequest) -> None:
        self._explainer = explainer
        self._served = served
        self._asked = asked
        self._scores: Scores = "full"
        self._bounded = 0

    async def explained(self) -> Explanation:
        occlusion = Occlusion(await self._explainer.small_picture(self._served, self._asked.image))
        base = await self._base(occlusion.whole)
        explained = await self._class_of(base)
        grid = self._asked.grid
        found = await asyncio.gather(*(self._fall(occlusion, place, explained) for place in range(grid * grid)))
        failures = [each for each in found if isinstance(each, Failure)]
        if len(failures) == len(found):
            raise failures[0].error
        numbers = [None if isinstance(each, Failure) else each for each in found]
        falls = [numbers[at : at + grid] for at in range(0, len(numbers), grid)]
        return Explanation(self._served, base, explained, upright_px(self._asked.image), falls, failures, self._bounded)

    async def _base(self, draw: Callable[[], EncodedImage]) -> Prediction:
        try:
            return await self._answer(draw)
        except ScoresUnavailable:
            self._scores = "top"
            return await self._answer(draw)

    async def _answer(self, draw: Callable[[], EncodedImage]) -> Prediction:
        return await self._explainer.answer(self._served, draw, self._asked, self._scores)

    async def _class_of(self, base: Prediction) -> ClassScore:
        """The class to explain, and its score; raises BadRequest if the model has none of that number, or the engine does not tell it."""
        wanted, classes = self._asked.class_id, self._served.model.manifest.classes
        if wanted is None:
            wanted = base.scores[0].class_id
        if wanted >= classes:
            raise BadRequest(f"class_id is {wanted}, and the model has {classes} classes.", f"Name one from 0 to {classes - 1}.")
        score, exact = _score_of(base, wanted)
        if not exact:
            best = ", ".join(str(each.class_id) for each in base.scores)
            raise ScoresUnavailable(f"The engine gives no score of class {wanted} for this picture.", f"Ask for one of the best: {best}.")
        label = next((each.label for each in base.scores if each.class_id == wanted), None)
        if label is None:
            label = (await asyncio.to_thread(self._served.model.read_class_names))[wanted]
        return ClassScore(wanted, label, score)

    async def _fall(self, occlusion: Occlusion, place: int, explained: ClassScore) -> float | Failure:
        row, column = divmod(place, self._asked.grid)
        try:
            prediction = await self._answer(partial(occlusion.covered, row, column, self._asked.grid))
        except ServiceError as error:
            return Failure(row, column, error.with_traceback(None))
        score, exact = _score_of(prediction, explained.class_id)
        self._bounded += not exact
        return round(explained.score - score, DIGITS)


def _score_of(prediction: Prediction, class_id: int) -> tuple[float, bool]:
    """The score of a class, and whether it is that; else it is the least that is told, and the class has no higher one."""
    if prediction.all_scores:
        return float(np.frombuffer(prediction.all_scores, FLOAT32)[class_id]), True
    known = next((each.score for each in prediction.scores if each.class_id == class_id), None)
    return (prediction.scores[-1].score, False) if known is None else (known, True)
