from pathlib import Path

import pytest

from pipelines.cpu.processor import capabilities, lack, processor_name
from pipelines.cpu.quiet_openvino import ov


def test_the_name(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some Processor @ 2.50GHz\nflags\t\t: fpu\n")
    assert processor_name(tmp_path / "cpuinfo") == "Some Processor @ 2.50GHz"
    assert processor_name(tmp_path / "none")


def test_the_capabilities_are_openvinos() -> None:
    assert "FP32" in capabilities()
    assert set(capabilities()) <= set(ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    assert bool(lack("bf16")) == ("BF16" not in capabilities())


def test_what_is_lacking_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.cpu.processor.capabilities", lambda: ("FP32", "INT8"))
    assert lack("bf16") == f"{processor_name()} has no instructions for bfloat16 (it has FP32, INT8)"
    assert (lack("f32"), lack("int8")) == ("", "")
    monkeypatch.setattr("pipelines.cpu.processor.capabilities", lambda: ("FP32", "BF16", "INT8"))
    assert lack("bf16") == ""
