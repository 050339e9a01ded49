"""Asks the shadow of a model for the images that the model has answered, and compares. Nobody waits for it or gets its answers.

One image at a time goes to a shadow, and only while it leaves a core or a place free for the next request. Images for which there is no
room are dropped, and counted.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from time import monotonic

from server.errors import Saturated, ServiceError
from server.serving.agreement import Compared, ShadowAgreement, compared, largest_difference
from server.serving.registry import Answered, RegisteredModel, Registry

logger = logging.getLogger(__name__)

MOST_WAITING = 16
MOST_BYTES = 16 * 1024 * 1024
"""Images that wait for their comparison, and their bytes."""
BEHIND_S = 0.02
"""How old an answer is before its image goes to the shadow: by then it is on its way to the client."""
LOOK_S = 0.01
"""Between two looks for room."""
CLIENT = "shadow"
"""The client in the engines' fair queue."""


class Shadows:
    """The shadows of all models. Use it on the event loop's thread."""

    def __init__(self, models: Registry) -> None:
        self._models = models
        self._waiting: deque[Answered] = deque()
        self._held_bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._agreements: dict[tuple[str, str], tuple[tuple[str, str], ShadowAgreement]] = {}
        models.observe(self.offer)

    def offer(self, answered: Answered) -> None:
        """Take an image that was answered, if its model has a shadow and there is room for it. Never waits."""
        name = answered.served.companions.shadow
        if name is None or (shadow := self._models.find(name)) is None:
            return
        size = len(answered.image.data)
        if len(self._waiting) >= MOST_WAITING or self._held_bytes + size > MOST_BYTES:
            self._count(answered, shadow, "dropped")
            return
        self._waiting.append(answered)
        self._held_bytes += size
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work_off())

    def agreement(self, model: RegisteredModel) -> ShadowAgreement | None:
        """The comparisons of the present versions of a model and its shadow; None without a shadow."""
        shadow = self._models.find(model.served.companions.shadow or "")
        return self._agreement(model.served.words, shadow) if shadow else None

    async def close(self) -> None:
        """Compare no more."""
        self._waiting.clear()
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(max(0.0, self._waiting[0].answered_s + BEHIND_S - monotonic()))
                shadow = self._models.find(self._waiting[0].served.companions.shadow or "")
                if shadow and not shadow.engine.share.has_spare_room():
                    await asyncio.sleep(LOOK_S)
                    continue
                answered = self._waiting.popleft()
                self._held_bytes -= len(answered.image.data)
                if shadow:  # it may have been unloaded meanwhile
                    await self._ask(answered, shadow)
        finally:
            self._task = None

    async def _ask(self, answered: Answered, shadow: RegisteredModel) -> None:
        with shadow.in_use(), shadow.engine.share.beside():
            served, admission = shadow.served, shadow.admission
            try:
                prediction = await admission.classify(
                    answered.image, answered.request_id, admission.deadline_s(None), CLIENT, served.scores
                )
                first, second = answered.served.calibrated(answered.prediction), served.calibrated(prediction)
                self._count(answered, shadow, compared(first, second), largest_difference(first, second))
            except Saturated:
                self._count(answered, shadow, "dropped")
            except ServiceError as error:
                logger.debug("the shadow %s has no answer to the image of request %s: %s", shadow.name, answered.request_id, error)
                self._count(answered, shadow, "failed")
            except Exception:  # what it is, the next image shall be compared
                logger.exception("the shadow %s fails at the image of request %s", shadow.name, answered.request_id)
                self._count(answered, shadow, "failed")

    def _count(self, answered: Answered, shadow: RegisteredModel, outcome: Compared, difference: float | None = None) -> None:
        agreement = self._agreement(answered.served.words, shadow)
        agreement.outcomes[outcome] += 1
        if difference is not None:
            agreement.difference += difference
            agreement.differences += 1
        answered.metrics.shadow(shadow.name, outcome, difference)

    def _agreement(self, words: dict[str, object], shadow: RegisteredModel) -> ShadowAgreement:
        """That of the present versions; it begins anew with another version of either."""
        pair, versions = (str(words["model"]), shadow.name), (str(words["version"]), str(shadow.served.words["version"]))
        if pair not in self._agreements or self._agreements[pair][0] != versions:
            self._agreements[pair] = versions, ShadowAgreement()
        return self._agreements[pair][1]
