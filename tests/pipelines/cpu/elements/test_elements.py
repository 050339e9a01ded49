"""Every plugin a pipeline may name can be opened here, and the other way round."""

from pipelines.cpu.elements.elements import ELEMENTS
from pipelines.cpu.text.plugins import PLUGINS


def test_specification_and_runtime_know_the_same_elements() -> None:
    assert set(ELEMENTS) == set(PLUGINS)
    assert [name for name, kind in ELEMENTS.items() if kind.factory != name] == []
