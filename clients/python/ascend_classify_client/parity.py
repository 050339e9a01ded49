"""Two servers compared, picture by picture."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ascend_classify_client.answers import Answer, ImageError
from ascend_classify_client.batches import BATCH
from ascend_classify_client.image_sources import Image, held
from ascend_classify_client.sync_client import Client


@dataclass(frozen=True)
class Difference:
    """The picture at `place` of the list has another best class, or only one server answered it."""

    place: int
    one: Answer | ImageError
    other: Answer | ImageError


@dataclass(frozen=True)
class Parity:
    """`same_best` of `images` pictures have the same best class, or are refused by both with the same code.

    `largest_difference` is that of the scores of a class that both name among their best.
    """

    images: int
    same_best: int
    largest_difference: float
    differences: tuple[Difference, ...]


def compare(one: Client, other: Client, images: Iterable[Image], *, top_k: int = 5, batch_size: int = BATCH) -> Parity:
    """Send the pictures to both servers; raises ClientError."""
    pictures = list(map(held, images))
    answers = list(zip(*(side.classify_batch(pictures, top_k=top_k, batch_size=batch_size) for side in (one, other)), strict=True))
    differences = tuple(Difference(place, *pair) for place, pair in enumerate(answers) if not _agree(*pair))
    largest = max((gap for pair in answers for gap in _gaps(*pair)), default=0.0)
    return Parity(len(answers), len(answers) - len(differences), largest, differences)


def _agree(one: Answer | ImageError, other: Answer | ImageError) -> bool:
    if isinstance(one, ImageError) or isinstance(other, ImageError):
        return isinstance(one, ImageError) and isinstance(other, ImageError) and one.code == other.code
    return one.best.label == other.best.label and one.best.class_id == other.best.class_id


def _gaps(one: Answer | ImageError, other: Answer | ImageError) -> Iterator[float]:
    if isinstance(one, Answer) and isinstance(other, Answer):
        scores = {each.class_id: each.score for each in other.predictions}
        yield from (abs(each.score - scores[each.class_id]) for each in one.predictions if each.class_id in scores)
