"""Serves the metrics of npu-exporter 26.1.0 for an Atlas 300 with four chips. Names, labels and time stamps are those of the exporter."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHIPS = 4
LABELS = (
    'container_name="",id="{chip}",model_name="310-Ascend-V1",namespace="",'
    'pcie_bus_info="0000:0{chip}:00.0",pod_name="",vdie_id="00000000-{chip}"'
)
# Of the source at v26.1.0, component/npu-exporter/collector/metrics: for_npu, for_ddr and for_utilization. Values are made up.
GAUGES = {
    "npu_chip_info_utilization": 72,
    "npu_chip_info_temperature": 61,
    "npu_chip_info_power": 12.8,
    "npu_chip_info_voltage": 0.8,
    "npu_chip_info_aicore_current_freq": 680,
    "npu_chip_info_health_status": 1,
    "npu_chip_info_error_code": 0,  # except of one chip
    "npu_chip_info_total_memory": 8192,
    "npu_chip_info_used_memory": 2703,
}
ERRORS = {3: 0x80E18402}  # an error of memory that the chip corrected: it stays healthy


def exposition(now_ms: int) -> str:
    """The text of one scrape."""
    lines = ["# TYPE machine_npu_nums gauge", f"machine_npu_nums {CHIPS}"]
    for name, value in GAUGES.items():
        lines.append(f"# TYPE {name} gauge")
        found = dict.fromkeys(range(CHIPS), value) | (ERRORS if name.endswith("_error_code") else {})
        lines += [f"{name}{{{LABELS.format(chip=chip)}}} {each} {now_ms}" for chip, each in found.items()]
    return "\n".join(lines) + "\n"


class Exporter(BaseHTTPRequestHandler):
    """Answers a scrape."""

    def do_GET(self) -> None:
        """Write the text."""
        body = exposition(int(time.time() * 1000)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve_exporter() -> Iterator[str]:
    """The exporter's address, while it runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Exporter) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
