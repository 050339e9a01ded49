"""python -m tests.docs: writes the generated pages (make docs-pages)."""

from tests.docs.pages import DOCS, PAGES, page

for name in PAGES:
    (DOCS / f"{name}.md").write_text(page(name), "utf-8")
