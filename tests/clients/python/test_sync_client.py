import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from ascend_classify_client import Client, Evaluation, EvaluationFailed, ImageError, Refused, Retries, SetInvalid, Unreachable

from tests.level_model import level_png
from tests.server.evaluation.level_sets import make_level_set
from tests.server.process import ServerProcess

IMAGES = 40


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.url) as client:
        yield client


@pytest.mark.smoke
def test_an_image_as_bytes_as_a_path_and_as_an_open_file(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(level_png(40))
    for image in (path.read_bytes(), path, str(path), io.BytesIO(path.read_bytes())):
        answer = client.classify(image, top_k=3)
        assert (answer.best.class_id, answer.model, answer.score_type) == (10, "level", "probability")
        assert len(answer.predictions) == 3
        assert answer.timing_ms["total"] > 0


def test_a_refusal(client: Client) -> None:
    with pytest.raises(Refused, match=r"415 unsupported_image") as refused:
        client.classify(b"not an image")
    assert refused.value.request_id
    with pytest.raises(Refused, match="not_calibrated"):
        client.classify(level_png(40), coverage=0.9)


@pytest.mark.smoke
def test_a_batch_of_any_size(client: Client) -> None:
    images = [level_png(4 * place) for place in range(10)]
    images[7] = images[7][:-20]
    done = list[int]()
    outcomes = client.classify_batch(images, batch_size=4, top_k=1, progress=done.append)
    assert done == [4, 8, 10]
    found = [each.code if isinstance(each, ImageError) else each.best.class_id for each in outcomes]
    assert found == [0, 1, 2, 3, 4, 5, 6, "undecodable_image", 8, 9]
    assert client.classify_batch([]) == []
    with pytest.raises(Refused, match="more than 32 images"):
        client.classify_batch([level_png(40)] * 33, batch_size=33)
    with pytest.raises(ValueError, match="A batch of 0"):
        client.classify_batch([], batch_size=0)


def test_a_folder_is_evaluated(client: Client, tmp_path: Path) -> None:
    made = make_level_set(tmp_path / "set", IMAGES)
    seen = list[Evaluation]()
    report = client.evaluate(made.folder, top_k=2, progress=seen.append)
    assert report["accuracy"]["top1"]["correct"] == made.correct
    assert (seen[-1].state, seen[-1].done, seen[-1].total) == ("finished", IMAGES, IMAGES)
    client.cancel_evaluation(seen[0].id)
    with pytest.raises(Refused, match="404"):
        client.follow(seen[0].id)


def test_folders_of_classes_may_be_links(client: Client, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for label, level in (("dark", 8), ("bright", 200)):
        (tmp_path / "elsewhere" / label).mkdir(parents=True)
        (tmp_path / "elsewhere" / label / "a.png").write_bytes(level_png(level))
        (tmp_path / "set" / label).symlink_to(tmp_path / "elsewhere" / label)
    report = client.evaluate(tmp_path / "set", label_map={"dark": "0-31", "bright": "32-63"})
    assert report["accuracy"]["top1"]["correct"] == 2


def test_a_label_that_stands_for_several_classes(client: Client, tmp_path: Path) -> None:
    for label, level in (("dark", 8), ("bright", 200)):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "a.png").write_bytes(level_png(level))
    report = client.evaluate(tmp_path / "set", label_map={"dark": "0-31", "bright": "32-63"})
    assert report["accuracy"]["top1"]["correct"] == 2
    with pytest.raises(SetInvalid, match="'dark, or so' has a comma"):
        client.evaluate(tmp_path / "set", label_map={"dark, or so": "0-31"})


def test_an_evaluation_that_fails(client: Client, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/a.png").write_bytes(level_png(40))
    with pytest.raises((EvaluationFailed, Refused)):
        client.evaluate(tmp_path / "set")
    with pytest.raises(SetInvalid, match="There is no folder or archive"):
        client.evaluate(tmp_path / "none")


def test_the_server_itself(client: Client) -> None:
    assert client.is_ready()
    assert client.info()["model"] == "level"


def test_no_server() -> None:
    with Client("http://127.0.0.1:9", retries=Retries(attempts=2, first_wait_s=0)) as client:
        assert not client.is_ready()
        with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9/? does not answer: .* Is it running\?"):
            client.info()


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "http://host?key=1", "http://a b:c"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"Write it as http://host:8000"):
        Client(url)


def test_a_key(store: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("me:one\n")
    with ServerProcess(model_store=store, model="level", api_keys_file=keys) as server:
        with Client(server.url) as client, pytest.raises(Refused, match="401"):
            client.classify(level_png(40))
        with Client(server.url, api_key="one") as client:
            assert client.classify(level_png(40)).best.class_id == 10
