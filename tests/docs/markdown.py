"""README and docs as the tests read them: pages, code blocks, headings, links.

A `bash` block is run or checked by what the comment above it says, `<!-- server -->` for example:

| Comment | The block |
|---|---|
| checkout | is run in a folder that looks like a checkout with two prepared models |
| server | is run there beside a started server, which has the place of localhost:8000 |
| … refused | and must fail |
| slow | takes minutes, or changes the machine; its commands are only parsed |
| training | wants MindSpore; its commands are only parsed |
| ascend | wants an Atlas, CANN or Docker; its commands are only parsed |
| yours | wants files or hosts of the reader; its commands are only parsed |

`<!-- prints -->` stands above the output of the block before it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CHINESE_README = ROOT / "README.zh-CN.md"
PAGES = [README, CHINESE_README, *sorted((ROOT / "docs").rglob("*.md"))]
GENERATED = {"ascend-hour.md", "cli.md", "errors.md", "metrics.md", "routes.md", "settings.md"}
RUN = {"checkout", "server"}
SETTINGS = RUN | {"slow", "training", "ascend", "yours"}

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+)(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=indent)(?P=fence) *$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- ([a-z ]+) -->\n+ *\Z")
_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_HEADING = re.compile(r"^(?=#{1,6} )", re.MULTILINE)
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, the words of the comment above it, its text."""

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        """As docs/api.md:17."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    source = page.read_text("utf-8")
    found = []
    for match in _FENCE.finditer(source):
        comment = _COMMENT.search(source, 0, match.start())
        words = tuple(comment[1].split()) if comment else ()
        found.append(Block(page, source.count("\n", 0, match.start()) + 1, match["language"], words, match["text"]))
    return found


def spans(page: Path) -> Iterator[str]:
    """The code spans of the prose."""
    for _, text in sections(page):
        yield from code_spans(text)


def code_spans(text: str) -> Iterator[str]:
    """The code spans of a text without fenced blocks."""
    for match in _SPAN.finditer(text):
        yield " ".join(match[2].split())


def sections(page: Path) -> list[tuple[int, str]]:
    """The prose of each heading with the heading itself, and its level; what stands above the first has level 0."""
    parts = _HEADING.split(_FENCE.sub("", page.read_text("utf-8")))
    return [(len(part) - len(part.lstrip("#")), part) for part in parts if part]


def links(page: Path) -> list[str]:
    """The targets of all links and images."""
    prose = _SPAN.sub("code", _FENCE.sub("", page.read_text("utf-8")))
    return _LINK.findall(re.sub(r"\[!\[[^\]]*\]\([^)]*\)\]", "[image]", prose)) + re.findall(r"\]\(([^)\s]+)\)\]", prose)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings, by GitHub's rule: lower case, no punctuation, a hyphen for a blank, -1 for the second of a name."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", _FENCE.sub("", page.read_text("utf-8")), re.MULTILINE):
        shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found
