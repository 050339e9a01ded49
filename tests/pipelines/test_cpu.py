import subprocess
import sys

import pytest

from models.store import ModelStore
from pipelines import cpu
from pipelines.cpu.stream_manager import CpuStreamManager
from pipelines.cpu.structs import MxDataInput

WITHOUT_THE_EXTRA = """
import sys
sys.modules |= dict.fromkeys(("google", "google.protobuf", "onnx", "openvino"))
from server.cli.command_line import main
main()
"""


def test_the_parts_are_there_by_their_names() -> None:
    assert cpu.CpuStreamManager is CpuStreamManager
    assert cpu.MxDataInput is MxDataInput
    with pytest.raises(AttributeError, match="Nothing"):
        _ = cpu.Nothing


@pytest.mark.parametrize(
    ("runtime", "words"), [("ascend", "has no OM"), ("cpu", "-m pip install 'ascend-classify[cpu]' [engine_unavailable]")]
)
def test_a_server_without_the_extra_starts_up_to_its_engine(runtime: str, words: str, model_store: ModelStore) -> None:
    """On Ascend the extra `cpu` is not installed."""
    folder = str(model_store.root)
    command = [sys.executable, "-c", WITHOUT_THE_EXTRA, "serve", "--runtime", runtime, "--port", "0", "--model-store", folder]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert words in result.stderr
