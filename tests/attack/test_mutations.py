"""50,000 mutated images and requests to both engines: every one refused or answered, every intact one between them rightly."""

import pytest

from tests.attack.conftest import Figures
from tests.soak.hostile_server import hostile_server
from tests.soak.http import send_requests
from tests.soak.images import run as send_images

SEED = 18
IMAGES, REQUESTS = 20_000, 5_000  # to each engine
WARM = 5
"""The memory counts from this part of the images on."""
GROWTH_MB = 24


@pytest.mark.parametrize("engine", ["stream", "mxbase"])
def test_mutated_images_and_requests_break_nothing(engine: str, figures: Figures) -> None:
    with hostile_server(engine) as server:
        warm = send_images(server, SEED, range(IMAGES // WARM))
        send_requests(server, SEED, range(REQUESTS // WARM))
        before_mb = server.memory_mb()
        images = send_images(server, SEED, range(IMAGES // WARM, IMAGES))
        requests = send_requests(server, SEED, range(REQUESTS // WARM, REQUESTS))
        growth_mb = server.memory_mb() - before_mb
        troubles = server.troubles()
    answers = warm.answers + images.answers
    statuses = ", ".join(
        f"{sum(count for (_, found), count in answers.items() if found == status)} of {status}" for status in (200, 413, 415, 422)
    )
    figures(f"{answers.total()} mutated images, {engine}", statuses, "no 5xx, every intact one right")
    figures(
        f"{requests.sent} mutated requests, {engine}",
        f"{requests.statuses.total()} answers, {growth_mb:+.1f} MiB",
        f"no 5xx, {GROWTH_MB} MiB",
    )
    assert [*warm.wrong, *images.wrong, *requests.faults, *troubles] == []
    assert answers.total() == IMAGES
    assert requests.sent == REQUESTS - REQUESTS // WARM
    assert growth_mb < GROWTH_MB
    assert server.wait() == 0
