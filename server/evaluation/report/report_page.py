"""A page in one file: template, style and words of one language, and a policy that admits this style and nothing else.

What is put into a template is text: Jinja escapes it.
"""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.evaluation.report.found_words import restated
from server.words.language import Language
from server.words.word_file import read_words

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
_CSS = (FOLDER / "report.css").read_text("utf-8")
_MARK = (FOLDER.parents[1] / "web" / "static" / "favicon.svg").read_text("utf-8").partition(">")[2].rpartition("</svg>")[0]
_NOTHING = "\N{EN DASH}"

POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_CSS.encode()).digest()).decode()}'; img-src data:"
"""Inside the page, for a file that is opened without a server."""
SERVED_POLICY = f"{POLICY}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Content Security Policy Level 3 (W3C): the one style is known by its hash, and nothing is executed or comes from elsewhere."""
DRAWN_BY = sha256(
    b"".join(path.read_bytes() for path in sorted(FOLDER.rglob("*")) if path.is_file() and path.suffix != ".pyc")
).hexdigest()[:12]
"""Changes with everything that draws a page, so that a stored page is never shown with the policy of another style."""


def words_of_page(name: str, language: Language) -> Mapping[str, str]:
    """The words of a page, words/NAME.toml."""
    return read_words(FOLDER / "words" / f"{name}.toml", language)


def render_page(name: str, language: Language, **values: Any) -> str:  # noqa: ANN401 - what its template shows
    """The whole page, templates/NAME.html with `values`."""
    say, fields = words_of_page(name, language), words_of_page("manifest", language)
    return (
        _environment()
        .get_template(f"{name}.html")
        .render(
            language=language,
            say=say,
            fields=fields,
            restated=lambda text: restated(text, language),
            css=_CSS,
            policy=POLICY,
            mark=_MARK,
            **values,
        )
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only who wants a page needs it

    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters |= {
        "percent": percent,
        "places": places,
        "count": "{:,}".format,
        "ms": milliseconds,
        "points": points,
        "p_value": p_value,
    }
    return found


def percent(share: float | None, digits: int = 2) -> str:
    """A share for a person."""
    return _NOTHING if share is None else f"{share:.{digits}%}"


def points(difference: float | None) -> str:
    """A difference of two shares, in percentage points, with its sign."""
    return _NOTHING if difference is None else f"{100 * difference:+.2f}".replace("-", "\N{MINUS SIGN}")


def p_value(p: float) -> str:
    """A probability with three figures."""
    return f"{p:.3g}"


def places(value: float, digits: int) -> str:
    """A number with so many decimal places."""
    return f"{value:.{digits}f}"


def milliseconds(value: float) -> str:
    """A duration with three figures or so."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def as_pictures(jpegs: Mapping[Any, bytes]) -> dict[Any, str]:
    """Pictures as addresses that hold their content."""
    return {key: f"data:image/jpeg;base64,{b64encode(jpeg).decode()}" for key, jpeg in jpegs.items()}
