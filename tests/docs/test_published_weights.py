"""The tables of docs/models.md name networks that can be built, transforms that exist, and digits that are in the file's name."""

import re
from pathlib import Path

import pytest

from convert.networks.architectures import parameter_shapes
from convert.preprocessing.known_transforms import NAMES
from models.store import zoo_manifest, zoo_names

PAGE = Path(__file__).parents[2] / "docs/models.md"
PACKAGED = re.compile(r"\| `(\w+)` \| `(\S+)` of `(\w+)` \| `([0-9a-f]{64})` \|")
ROW = re.compile(r"\| `(\w+)` \| \[\w+\]\((https://\S+)\) \| `([0-9a-f]{8})…` \| ([0-9.]+) \| `([\w-]+)` \|")
ROWS = ROW.findall(PAGE.read_text())


def test_there_are_tables() -> None:
    assert len(ROWS) > 30
    assert len({address for _, address, *_ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("network", "address", "digits", "top1", "transform"), ROWS, ids=[row[1].rpartition("/")[2] for row in ROWS])
def test_a_row(network: str, address: str, digits: str, top1: str, transform: str) -> None:
    assert parameter_shapes(network, 1000)["fc.weight"][0] == 1000
    assert address.endswith(f"-{digits}.pth")
    assert 69 < float(top1) < 85
    assert transform in NAMES


def test_the_weights_of_packages_are_those_of_the_zoo() -> None:
    told = {
        name: (package, file, digest) for name, file, package, digest in PACKAGED.findall(PAGE.with_name("weights.md").read_text("utf-8"))
    }
    weights = {name: zoo_manifest(name).weights for name in zoo_names()}
    assert told == {name: (each.package, Path(each.file).name, each.sha256) for name, each in weights.items() if each}
