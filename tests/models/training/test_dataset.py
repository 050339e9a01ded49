from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.dataset import ImageBatches, create_dataset, epoch_order
from models.training.training_config import Config, load_config
from models.training.training_errors import DataInvalid
from models.training.transforms import decode, evaluation_pixels, normalise

CLASSES = 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 pictures for training and 11 for evaluation; what is red tells them apart."""
    root = tmp_path_factory.mktemp("data")
    for side, count in (("train", 25), ("eval", 11)):
        for index in range(count):
            path = root / side / str(index % CLASSES) / f"{index:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(index).integers(0, 256, (40, 50, 3), np.uint8)
            pixels[..., 2] = index * 10
            cv2.imwrite(str(path), pixels)
    return root


@pytest.fixture
def config(data: Path) -> Config:
    flags = {"data_path": str(data), "num_classes": str(CLASSES), "image_size": "[32, 32]", "resize_size": "[36, 36]"}
    return load_config(None, {**flags, "per_batch_size": "4", "eval_per_batch_size": "4"})


def red(batches: ImageBatches) -> list[int]:
    """Which pictures came, by their red; colours must not be varied."""
    return [round((float(image[0].mean()) * 58.395 + 123.675) / 10) for images, _ in batches for image in images]


def same(one: ImageBatches, other: ImageBatches) -> bool:
    pairs = zip(one, other, strict=True)
    return all(np.array_equal(a, c) and np.array_equal(b, d) for (a, b), (c, d) in pairs)


def test_shapes(config: Config) -> None:
    batches = create_dataset(config, training=True)
    assert (len(batches), batches.steps_per_epoch, batches.images, batches.classes) == (6, 6, 24, ("0", "1", "2"))
    for images, labels in batches:
        assert (images.shape, labels.shape) == ((4, 3, 32, 32), (4,))
        assert (images.dtype, labels.dtype) == (np.dtype(np.float32), np.dtype(np.int32))


def test_an_epoch_has_every_image_once(config: Config) -> None:
    config = replace(config, color_jitter=0.0)
    for epoch in range(2):
        batches = create_dataset(config, training=True, first_epoch=epoch)
        order = epoch_order(25, config.seed, epoch)[:24]
        assert red(batches) == [int(Path(batches.source.listing.names[index]).stem) for index in order]
        assert len(set(order.tolist())) == 24


def test_the_same_seed_gives_the_same_batches_whatever_the_workers(config: Config) -> None:
    one = create_dataset(config, training=True)
    assert same(one, one)
    assert same(one, create_dataset(replace(config, num_parallel_workers=1), training=True))
    assert not same(one, create_dataset(replace(config, seed=2), training=True))
    assert not same(one, create_dataset(config, training=True, first_epoch=1))


def test_going_on_within_an_epoch(config: Config) -> None:
    whole = list(create_dataset(config, training=True, epochs=3))
    rest = create_dataset(config, training=True, first_epoch=1, first_batch=2, epochs=2)
    assert (len(rest), rest.steps_per_epoch, len(whole)) == (10, 6, 18)
    for (image, label), (later_image, later_label) in zip(whole[8:], rest, strict=True):
        assert np.array_equal(image, later_image)
        assert np.array_equal(label, later_label)


def test_the_ranks_share_a_step(config: Config) -> None:
    config = replace(config, per_batch_size=2)
    parts = [list(create_dataset(config, training=True, rank=rank, ranks=3)) for rank in range(3)]
    whole = list(create_dataset(replace(config, per_batch_size=6), training=True))
    assert [len(part) for part in parts] == [4, 4, 4]
    for step, (images, _) in enumerate(whole):
        together = np.stack([part[step][0] for part in parts], axis=1).reshape(images.shape)
        assert np.array_equal(together, images)


@settings(max_examples=25, deadline=None)
@given(ranks=st.integers(1, 13), batch=st.integers(1, 12))
def test_evaluation_has_every_image_exactly_once(data: Path, ranks: int, batch: int) -> None:
    flags = {"data_path": str(data), "num_classes": "3", "image_size": "[32, 32]", "resize_size": "[32, 32]"}
    config = load_config(None, {**flags, "eval_per_batch_size": str(batch)})
    parts = [create_dataset(config, training=False, rank=rank, ranks=ranks) for rank in range(ranks)]
    assert sum(part.images for part in parts) == 11
    seen = [index for part in parts for index in red(part)]
    names = sorted((path.parent.name, path.name) for path in (data / "eval").rglob("*.png"))
    assert sorted(seen) == sorted(int(name[:2]) for _, name in names) == list(range(11))


def test_evaluation_pixels_and_labels(config: Config, data: Path) -> None:
    images, labels = next(iter(create_dataset(config, training=False)))
    pixels = decode((data / "eval/0/00.png").read_bytes())
    assert pixels is not None
    assert np.array_equal(images[0], normalise(evaluation_pixels(pixels, (36, 36), (32, 32))))
    assert labels.tolist() == [0, 0, 0, 0]


def broken(data: Path, tmp_path: Path, *names: str) -> str:
    """The data set with some pictures damaged."""
    for path in data.rglob("*.png"):
        copy = tmp_path / path.relative_to(data)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(b"no image" if str(copy.relative_to(tmp_path)) in names else path.read_bytes())
    return str(tmp_path)


def test_evaluation_counts_what_cannot_be_read_as_wrong(config: Config, data: Path, tmp_path: Path) -> None:
    config = replace(config, data_path=broken(data, tmp_path, "eval/1/04.png"))
    batches = create_dataset(config, training=False)
    labels = [int(label) for _, batch in batches for label in batch]
    assert sorted(labels) == [-1, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert batches.unreadable == {tmp_path / "eval/1/04.png": "is not an image, or is damaged"}


def test_training_stops_at_what_cannot_be_read(config: Config, data: Path, tmp_path: Path) -> None:
    config = replace(config, data_path=broken(data, tmp_path, "train/1/04.png"))
    with pytest.raises(DataInvalid, match=r"train/1/04\.png is not an image, or is damaged\. .*check .*unreadable: skip"):
        list(create_dataset(config, training=True))


def test_training_takes_another_picture_if_told_so(config: Config, data: Path, tmp_path: Path) -> None:
    config = replace(config, data_path=broken(data, tmp_path, "train/1/04.png", "train/1/07.png"), unreadable="skip", color_jitter=0.0)
    batches = create_dataset(config, training=True)
    seen = red(batches)
    assert len(seen) == 24
    assert not {4, 7} & set(seen)
    assert {path.name for path in batches.unreadable} <= {"04.png", "07.png"}


def test_a_picture_that_vanished(config: Config, data: Path, tmp_path: Path) -> None:
    config = replace(config, data_path=broken(data, tmp_path))
    batches = create_dataset(config, training=False)
    (tmp_path / "eval/0/00.png").unlink()
    list(batches)
    assert batches.unreadable == {tmp_path / "eval/0/00.png": "cannot be read: No such file or directory"}


def test_less_than_a_batch(config: Config) -> None:
    with pytest.raises(DataInvalid, match=r"has 25 images: less than a batch of 16 for each of 2 processes\. Lower per_batch_size"):
        create_dataset(replace(config, per_batch_size=16), training=True, ranks=2)


def test_the_wrong_number_of_classes(config: Config) -> None:
    with pytest.raises(DataInvalid, match="has 3 class folders, but num_classes is 1000"):
        create_dataset(replace(config, num_classes=1000), training=True)


def test_lists(config: Config, data: Path, tmp_path: Path) -> None:
    (tmp_path / "val_label.txt").write_text("eval/1/01.png 2\neval/0/03.png 0\n")
    config = replace(config, eval_data_path=str(data), eval_list_file=str(tmp_path / "val_label.txt"))
    assert [labels.tolist() for _, labels in create_dataset(config, training=False)] == [[2, 0]]
