"""python -m tests.hour: runs the hour and writes docs/ascend-hour.md (make hour-page)."""

import tempfile
from pathlib import Path

from convert.prepare import prepare
from models.store import ModelStore
from tests.hour.bare_host import BareHost
from tests.hour.transcript import PAGE, page, run

with tempfile.TemporaryDirectory() as folder:
    store = ModelStore(Path(folder) / "store")
    prepare("efficientnet_lite0", store)
    host = BareHost(Path(folder) / "host", store)
    try:
        PAGE.write_text(page(list(run(host))), "utf-8")
    finally:
        host.close()
