from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench import growth
from tests.bench.growth import Point, draw, growth_lines, measure_growth
from tests.level_model import level_png


def test_each_kind_of_growth_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECTIONS", "MODELS", "CHIPS"):
        monkeypatch.setattr(growth, name, (1, 2))
    image = tmp_path / "photo.png"
    image.write_bytes(level_png(8))
    found = measure_growth(image, 0.7, lambda _: None)
    assert [(name, [one.count for one in points]) for name, points in found.items()] == [
        ("connections", [1, 2]),
        ("models", [1, 2]),
        ("chips", [1, 2]),
    ]
    assert all(one.rate > 0 and one.cpu_ms > 0 and one.memory_mib > 50 for points in found.values() for one in points)
    one, two = (point.rate for point in found["chips"])
    assert two > 1.3 * one  # the chips sleep, so two of them answer twice as many
    draw(found, tmp_path / "growth.svg")
    assert ET.parse(tmp_path / "growth.svg").getroot().tag.endswith("svg")  # noqa: S314 - drawn here


def test_the_table() -> None:
    assert list(growth_lines({"chips": [Point(2, 80.4, 1.234, 310.2, 99.6)]}))[1:] == ["| chips | 2 | 80 | 1.23 | 310 | 100 |"]
