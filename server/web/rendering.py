"""A page from its template. What is put into a template is text: Jinja escapes it.

A page has no address of its own: all links are relative to the root of the server, which is `up` (empty, `../`, ...), so that a proxy may
add a path. Scripts find the words of their page, and `data`, as JSON inside the page, which the policy lets no browser execute.
"""

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.web.languages import Language
from server.web.page_words import words_of
from server.web.server_words import explained, translated

if TYPE_CHECKING:
    from jinja2 import Environment

WEB = Path(__file__).parent
STATIC = WEB / "static"


def render(
    page: str,
    language: Language,
    *,
    up: str = "",
    here: str = "",
    signed_in: bool | None = None,
    data: Any = None,  # noqa: ANN401 - what its script reads
    **values: Any,  # noqa: ANN401 - what its template shows
) -> str:
    """The whole page: templates/PAGE.html with `values`. `here` is its place below the root of the server.

    `signed_in` is nothing where nobody can sign in or out.
    """
    words = words_of(page, language)
    template = _environment().get_template(f"{page}.html")
    common = {"page": page, "language": language, "languages": list(Language), "up": up, "here": here, "signed_in": signed_in}
    told = {"explained": partial(explained, language=language), "translated": partial(translated, language=language)}
    return template.render(**common, **told, words=words, say=words[page], all=words["common"], data=data, **values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only a server that is looked at needs it

    return Environment(
        loader=FileSystemLoader(WEB / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
