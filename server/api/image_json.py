"""The JSON form of a request to classify."""

from codecs import BOM_UTF8

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.text_file import other_encoding
from server.api.base64_text import decode_base64
from server.api.image_body import OPTIONS, ImageBody, too_many
from server.api.unknown_names import malformed_json
from server.errors import BadRequest

_SNIFFED_BYTES = 64
_CLEANED_AT_ONCE = 1024 * 1024
"""Bytes: the interpreter is not released meanwhile."""


class JsonImage(BaseModel):
    """One image, or several."""

    model_config = ConfigDict(extra="forbid", strict=True)

    image: str = ""
    images: list[str] = Field(default_factory=list)
    top_k: int = 0
    timeout_ms: int = 0
    coverage: float = 0


def begins_like_json(body: bytes) -> bool:
    """Whether the first character is a brace, after blanks and the byte order mark of any encoding. No image begins so."""
    return body[:_SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"{")


def without_mark(body: bytes) -> bytes:
    """JSON in UTF-8 without its byte order mark; raises BadRequest that names another encoding."""
    if name := other_encoding(body):
        raise BadRequest(f"The JSON body is {name}, and UTF-8 is expected.", f"Convert it: iconv -f {name} -t UTF-8.")
    return body.removeprefix(BOM_UTF8)


def read_json(body: bytes, limit: int) -> ImageBody:
    """The images in JSON; raises BadRequest."""
    body = without_mark(body)
    if body.count(b",") > 2 * limit + 8:  # no accepted body has more commas, and the parser would build an object for each
        raise BadRequest(f"The JSON body holds more than {limit} images, or values that are not images.")
    try:
        parsed = _parsed(body)
    except ValidationError as error:
        raise malformed_json(error, JsonImage.model_fields, 'Send {"image": "<base64>"}.') from error
    given = parsed.model_fields_set
    texts = [*([parsed.image] if "image" in given else []), *parsed.images]
    if len(texts) > limit:
        raise too_many("The JSON body holds", limit)
    return ImageBody([decode_base64(text) for text in texts], {name: str(getattr(parsed, name)) for name in OPTIONS if name in given})


def _parsed(body: bytes) -> JsonImage:
    """Raises ValidationError. What a shell puts between quotes, as `"$(base64 photo.jpg)"`, holds line ends, which JSON does not allow."""
    try:
        return JsonImage.model_validate_json(body)
    except ValidationError as error:
        if "control character" not in error.errors(include_url=False, include_input=False)[0]["msg"]:
            raise
    pieces = (body[at : at + _CLEANED_AT_ONCE].translate(None, b"\r\n") for at in range(0, len(body), _CLEANED_AT_ONCE))
    return JsonImage.model_validate_json(b"".join(pieces))
