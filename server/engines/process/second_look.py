"""Decodes pictures once more here, where the vendor's decoder says too little of them.

libjpeg and libpng only print a warning of damaged pixels; the vendor's decoder goes on, and does not say which picture it was. So all
pictures that are in the child at that moment are decoded again. Where the child prints no warnings, every picture is. A picture that the
vendor's decoder refuses may be whole, and of a kind that it was not built for.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from server.engines.answer import UNDECODED
from server.engines.base import AnswerObserver
from server.engines.work import Work
from server.errors import InternalError, ServiceError, UndecodableImage
from server.images.upright import decode_checked
from server.types import EncodedImage, ImageFormat, Prediction

logger = logging.getLogger(__name__)

Outcome = Prediction | ServiceError | None
THREADS = 2
_WARNED_OF = {ImageFormat.JPEG, ImageFormat.PNG}  # the vendor's decoder gets others as BMP, whose pixels have no code


def needs_second_look(work: Work, outcome: Outcome, *, suspect: bool) -> bool:
    """Whether an answer of the vendor's is not certain; `suspect`: a warning may have been of this picture."""
    if work.request is None or work.request.image.format not in _WARNED_OF:
        return False
    refused = isinstance(outcome, UndecodableImage) and outcome.message == UNDECODED
    return refused or (suspect and isinstance(outcome, Prediction))


class SecondLook:
    """Answers works after it has decoded their pictures."""

    def __init__(self, name: str, on_answer: Callable[[], AnswerObserver]) -> None:
        """`on_answer` returns the observer to tell."""
        self._on_answer = on_answer
        self._threads = ThreadPoolExecutor(THREADS, f"{name}-second-look")

    def take(self, work: Work, outcome: Outcome) -> None:
        """Answer a work from another thread: with its outcome, or with an error if its picture is damaged."""
        self._threads.submit(self._look, work, outcome)

    def _look(self, work: Work, outcome: Outcome) -> None:
        if request := work.request:
            try:
                outcome = _seen(request.image, outcome)
            except Exception:  # such as no memory; unanswered, the work would keep its place
                logger.exception("request %s: its picture could not be decoded once more", request.id)
                outcome = InternalError(f"A fault of the server, logged under {request.id}.")
        self._on_answer()(work, outcome)

    def close(self) -> None:
        """Answer all that were taken."""
        self._threads.shutdown()


def _seen(image: EncodedImage, outcome: Outcome) -> Outcome:
    try:
        decode_checked(image)
    except UndecodableImage as error:
        return error
    if isinstance(outcome, Prediction):
        return outcome
    kind = image.format.upper()
    return UndecodableImage(f"The SDK's decoder does not read this {kind}, which is not damaged.", "Send it as a plain PNG or JPEG.")
