from pathlib import Path

from tests.bench.protocols import compare_protocols, protocol_lines
from tests.level_model import level_png


def test_every_protocol_is_answered_and_costs_something(tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    image.write_bytes(level_png(8))
    found = compare_protocols(image, 1, 1.0, lambda _: None)
    assert [one.name for one in found] == ["/classify", "infer, binary", "gRPC"]
    for one in found:
        assert set(one.loads[0]["statuses"]) == {"200"}, one.name
        assert one.loads[0]["answered"] > 0
        assert one.cpu_ms[0] > 0
    lines = list(protocol_lines(found))
    assert lines[2].startswith("| /classify | ")
    assert [line.partition("  (goal")[2].endswith("CPU-ms ÷ that of /classify") for line in lines[-2:]] == [True, True]
