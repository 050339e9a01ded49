"""The images of a request, however they were sent."""

from dataclasses import dataclass, field

from server.errors import BadRequest

OPTIONS = ("top_k", "timeout_ms", "coverage")
"""The options of a request, in the query or the body."""


@dataclass(slots=True)
class ImageBody:
    """The encoded images of a request, in order, and the options from its body."""

    images: list[bytes] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


def too_many(what: str, limit: int) -> BadRequest:
    """The error for more images than a route takes; `what` says what holds them."""
    if limit == 1:
        return BadRequest(f"{what} more than one image.", "POST /classify takes one; send several to POST /classify/batch.")
    return BadRequest(f"{what} more than {limit} images.", "Send them in several requests, or raise MAX_BATCH_ITEMS.")
