import itertools

import pytest

from pipelines.cpu.text.plugins import PLUGINS
from pipelines.cpu.text.ports import ANYTHING, Ports, meet, ports_of


@pytest.mark.parametrize(
    ("factory", "inputs", "outputs"), [("appsrc", 0, 1), ("appsink", 1, 0), ("queue", 1, 1), ("mxpi_tensorinfer", 1, 1)]
)
def test_the_number_of_ports(factory: str, inputs: int, outputs: int) -> None:
    assert (ports_of(factory).inputs, ports_of(factory).outputs) == (inputs, outputs)


def test_an_unknown_plugin_takes_and_gives_anything() -> None:
    assert ports_of("mxpi_nosuch") == Ports()


def test_the_chain_of_a_classification_fits() -> None:
    chain = [
        "appsrc",
        "mxpi_imagedecoder",
        "mxpi_imageresize",
        "mxpi_tensorinfer",
        "mxpi_classpostprocessor",
        "mxpi_dataserialize",
        "appsink",
    ]
    for one, other in itertools.pairwise(chain):
        assert one in PLUGINS
        assert meet(ports_of(one).gives, ports_of(other).takes) != frozenset()


def test_what_two_ports_know() -> None:
    assert meet(ANYTHING, ANYTHING) is ANYTHING
    assert meet(ANYTHING, frozenset("a")) == meet(frozenset("a"), ANYTHING) == frozenset("a")
    assert meet(frozenset("ab"), frozenset("bc")) == frozenset("b")
