"""Any number of images in requests that the server takes, as a plan."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ascend_classify_client.answers import Answer, ImageError, read_batch
from ascend_classify_client.client_errors import Refused
from ascend_classify_client.exchange import FULL, Ask, Body, Plan, Wait, answered, read_json
from ascend_classify_client.image_sources import Image, Source, source
from ascend_classify_client.retries import Retries, Tries

BATCH = 32
BATCH_BYTES = 16 * 1024 * 1024  # the server takes 20 MiB by itself, and a form is more than its images
PASSING = frozenset({"saturated", "engine_unavailable"})
TOO_LARGE = 413

Outcome = Answer | ImageError


def classify_batch(
    images: Iterable[Image],
    params: Mapping[str, str],
    retries: Retries,
    size: int,
    size_bytes: int,
    progress: Callable[[int], None] | None,
) -> Plan[list[Outcome]]:
    """Any number of images, in a request at most `size` of at most `size_bytes` together; raises ClientError."""
    if size < 1:
        raise ValueError(f"A batch of {size} images.")
    outcomes: list[Outcome] = []
    for chunk in _chunks(images, size, size_bytes):
        outcomes += yield from _fitting(chunk, params, retries)
        if progress:
            progress(len(outcomes))
    return outcomes


def _chunks(images: Iterable[Image], size: int, size_bytes: int) -> Iterator[list[Source]]:
    """An image of more than `size_bytes` is a chunk by itself."""
    chunk: list[Source] = []
    chunk_bytes = 0
    for image in map(source, images):
        if chunk and chunk_bytes + image.size_bytes > size_bytes:
            yield chunk
            chunk, chunk_bytes = [], 0
        chunk.append(image)
        chunk_bytes += image.size_bytes
        if len(chunk) == size:
            yield chunk
            chunk, chunk_bytes = [], 0
    if chunk:
        yield chunk


def _fitting(chunk: Sequence[Source], params: Mapping[str, str], retries: Retries) -> Plan[list[Outcome]]:
    """The outcomes of a chunk, or of its halves if the server takes less at once than this client thinks."""
    try:
        return (yield from _placed(chunk, params, Tries(retries)))
    except Refused as refused:
        if refused.status != TOO_LARGE:
            raise
        if len(chunk) == 1:
            return [ImageError(refused.error, refused.code or "body_too_large")]
    middle = len(chunk) // 2
    return [*(yield from _fitting(chunk[:middle], params, retries)), *(yield from _fitting(chunk[middle:], params, retries))]


def _placed(chunk: Sequence[Source], params: Mapping[str, str], tries: Tries) -> Plan[list[Outcome]]:
    """The outcomes of a chunk. The images for which the server had no place are sent again, without the others."""
    outcomes = yield from _sent(chunk, params, tries)
    while left := [place for place, outcome in enumerate(outcomes) if isinstance(outcome, ImageError) and outcome.code in PASSING]:
        wait_s = tries.wait_s(None)
        if wait_s is None:
            break
        yield Wait(wait_s)
        try:
            again = yield from _sent([chunk[place] for place in left], params, tries)
        except Refused as refused:
            if refused.status not in FULL:
                raise
            break  # no attempt is left, and the other images have their answers
        for place, outcome in zip(left, again, strict=True):
            outcomes[place] = outcome
    return outcomes


def _sent(chunk: Sequence[Source], params: Mapping[str, str], tries: Tries) -> Plan[list[Outcome]]:
    def body() -> Body:
        return Body(parts=[("image", (f"{place}", image.read())) for place, image in enumerate(chunk)])

    told = read_json((yield from answered(Ask("POST", "/classify/batch", params, body=body), tries)))
    return read_batch(told, len(chunk))
