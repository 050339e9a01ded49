"""Mutated images, seeded, over HTTP: refused or answered, never a fault. `make attack` sends 40,000, `make soak` goes on."""

import pytest

from server.images.inspection import inspect_image
from tests.part_or_all import some_or_many
from tests.soak.hostile_server import hostile_server
from tests.soak.image_parts import put_together, take_apart
from tests.soak.image_seeds import SEEDS
from tests.soak.images import MAX_PIXELS, run


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_intact_and_come_together_again(name: str) -> None:
    assert inspect_image(SEEDS[name], MAX_PIXELS).format == name.partition(",")[0]
    assert put_together(take_apart(SEEDS[name]), name.partition(",")[0]) == SEEDS[name]


@some_or_many("images", 500, 2_000)
def test_mutated_images(images: int) -> None:
    with hostile_server("stream", python=()) as server:
        report = run(server, 4, range(images))
        assert server.troubles() == []
    assert report.wrong == []
    assert report.answers.total() == images
    assert {status for _, status in report.answers} == {200, 413, 415, 422}
    assert server.wait() == 0
