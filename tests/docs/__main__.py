"""python -m tests.docs: writes what is generated from the code (make docs-pages)."""

from tests.docs.operator_alerts import TARGET, operator_alerts
from tests.docs.pages import DOCS, PAGES, page

for name in PAGES:
    (DOCS / f"{name}.md").write_text(page(name), "utf-8")
TARGET.write_text(operator_alerts(), "utf-8")
