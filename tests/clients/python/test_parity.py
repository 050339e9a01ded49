import io
from pathlib import Path

from ascend_classify_client import Client, ImageError, compare

from tests.level_model import level_png
from tests.server.process import ServerProcess

IMAGES = [level_png(4 * place) for place in range(6)] + [b"not an image"]


def test_a_server_and_itself(server: ServerProcess) -> None:
    with Client(server.url) as client:
        found = compare(client, client, IMAGES, batch_size=3)
    assert (found.images, found.same_best, found.differences) == (7, 7, ())
    assert found.largest_difference < 1e-6


def test_an_open_file_goes_to_both(server: ServerProcess) -> None:
    with Client(server.url) as client:
        found = compare(client, client, map(io.BytesIO, IMAGES[:3]))
    assert (found.images, found.same_best, found.differences) == (3, 3, ())


def test_servers_that_differ(server: ServerProcess, store: Path) -> None:
    with (
        ServerProcess(model_store=store, model="level", max_image_pixels=32) as other,
        Client(server.url) as one,
        Client(other.url) as two,
    ):
        found = compare(one, two, IMAGES)
    assert (found.images, found.same_best) == (7, 1)
    assert [difference.place for difference in found.differences] == [0, 1, 2, 3, 4, 5]
    assert isinstance(found.differences[0].other, ImageError)
    assert found.differences[0].other.code == "image_too_large"
