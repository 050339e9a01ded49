"""Nothing is told to anybody, and nothing is loaded that is not used."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from pipelines.cpu.elements.compiled_model import load_model
from pipelines.cpu.quiet_openvino import ov
assert ov.Core().available_devices
print([name for name, module in sys.modules.items() if name.startswith(("openvino_telemetry", "openvino.tools")) and module])
"""


def test_telemetry_and_converter_are_never_loaded_and_leave_no_traces(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "JENKINS_URL", "TF_BUILD")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    assert list(tmp_path.iterdir()) == []
