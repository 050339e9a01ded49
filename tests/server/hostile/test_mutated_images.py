"""Mutated images, seeded, over HTTP: refused or answered, never a fault; the hour's worth is `make soak`."""

from pathlib import Path

import pytest

from server.images.inspection import inspect_image
from tests.level_model import store_level_model
from tests.part_or_all import some_or_many
from tests.server.process import NEW_PROCESS, ServerProcess
from tests.soak.image_parts import put_together, take_apart
from tests.soak.image_seeds import SEEDS
from tests.soak.images import MAX_PIXELS, run


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_intact_and_come_together_again(name: str) -> None:
    assert inspect_image(SEEDS[name], MAX_PIXELS).format == name.partition(",")[0]
    assert put_together(take_apart(SEEDS[name]), name.partition(",")[0]) == SEEDS[name]


@some_or_many("images", 2_000, 20_000)
def test_mutated_images(images: int, tmp_path: Path) -> None:
    store_level_model(tmp_path)
    with ServerProcess(python=NEW_PROCESS, model_store=tmp_path, model="level", max_image_pixels=MAX_PIXELS) as server:
        report = run(server, seed=4, images=images)
    print(report)  # noqa: T201
    assert report.wrong == []
    assert report.answers.total() == images
    assert {status for _, status in report.answers} >= {200, 413, 415, 422}
    assert report.growth_mb < 16
    assert [line for line in server._log if line.get("level") != "info"] == []
    assert server.wait() == 0
