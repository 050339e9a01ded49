"""The words of the house: forms of English that a reader with school English has to read twice, found by machine.

The list is short on purpose: each form has a plain one beside it, and few sentences are found wrongly.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENDINGS = {
    ".py",
    ".pyi",
    ".cpp",
    ".h",
    ".sh",
    ".yml",
    ".yaml",
    ".toml",
    ".html",
    ".js",
    ".css",
    ".proto",
    ".cmake",
    ".txt",
    ".infer",
    ".example",
    ".md",
    "",
}
EXEMPT = {"LICENSE", "tests/test_language.py"}

FORMS = {
    r"(?<!here )\b(is|are|was|were) no\b(?!\.| longer| more)": "is not a",
    r"\b(?i:whom|whence|hither|thither|thereof|whereof|therein|lest|forebear)\b": "name the thing, in today's words",
    r"\bwho (finds|comes)\b": "a noun, as 'a client'",
    r"\bbut for (?!the moment)": "except",
    r"\b(is|are) to be had\b": "exists, is available",
    r"\bfor want of\b": "without",
    r"\bof one's own\b": "its own",
    r"\b[Mm]ends? (it|the|that|this|them)\b": "correct, repair",
    r"\b(cannot|can) be told\b": "is unknown, can be shown",
    r"\bas (is|are) told\b": "as configured",
}


def texts() -> Iterator[tuple[str, str]]:
    """Names of files and their contents."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, tracked):
        if name not in EXEMPT and Path(name).suffix in ENDINGS:
            yield name, (ROOT / name).read_text("utf-8")


def test_no_form_is_used_that_has_a_plain_one() -> None:
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r}, better: {plain}"
        for name, text in texts()
        for form, plain in FORMS.items()
        for match in re.finditer(form, text)
    ]
    assert found == [], "\n".join(found)
