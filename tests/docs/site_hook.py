"""Rules of the site beyond mkdocs.yml: the README is the home page, in both languages, and links to files of the repository lead there.

mkdocs loads this file by its path, in an environment that has nothing of this project (make docs).
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
HOMES = {"index.md": ROOT / "README.md", "zh/index.md": ROOT / "README.zh-CN.md"}
LINK = re.compile(r"(?P<text>\[[^\]]*\])\((?P<target>[^)#:\s]+)(?P<anchor>#[^)\s]*)?\)")
URLS = {name.lower(): url for name, url in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"].get("urls", {}).items()}
REPOSITORY = next((URLS[name].rstrip("/") for name in ("repository", "source", "homepage") if name in URLS), "")


def on_files(files: Files, *, config: Any) -> Files:
    """Add the README as the home page, and the Chinese one as that of the Chinese pages."""
    for place, page in HOMES.items():
        files.append(File.generated(config, place, content=page.read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The page with its links as the site has them; one that leads nowhere is left for mkdocs to complain about."""
    place = (ROOT / "docs" / page.file.src_uri).parent
    folder = ROOT if page.file.src_uri in HOMES else place
    homes = {readme: ROOT / "docs" / home for home, readme in HOMES.items()}

    def on_the_site(link: re.Match[str]) -> str:
        path = (folder / link["target"]).resolve()
        path = homes.get(path, path)
        anchor = link["anchor"] or ""
        if path.is_relative_to(ROOT / "docs"):
            return f"{link['text']}({os.path.relpath(path, place)}{anchor})"
        if path.exists() and path.is_relative_to(ROOT):
            file = f"{REPOSITORY}/blob/main/{path.relative_to(ROOT)}{anchor}"
            return f"{link['text']}({file})" if REPOSITORY else link["text"].strip("[]")
        return link[0]

    return LINK.sub(on_the_site, markdown)
