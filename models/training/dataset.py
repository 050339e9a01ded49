"""The batches of a training or an evaluation, which depend only on configuration, epoch and rank.

No state passes from epoch to epoch: the order of the images and their augmentation follow from (seed, epoch, image). So a
resumed run gets the images of an uninterrupted run, with any number of workers.
"""

import functools
import logging
import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import mindspore.dataset as ds
import numpy as np

from models.training.listing import Listing, read_listing
from models.training.training_config import Config
from models.training.training_errors import DataInvalid
from models.training.transforms import Augmentation, evaluation_pixels, normalise, read_image, training_pixels

UNREADABLE = -1  # label of a picture that could not be read: it equals no prediction, so the picture counts as wrong
MAX_REPLACEMENTS = 100

_log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=4)  # two epochs overlap, and the workers need both
def epoch_order(images: int, seed: int, epoch: int) -> np.ndarray:
    """The order of all images in an epoch of training, over all ranks."""
    return np.random.default_rng((seed, epoch)).permutation(images)


@functools.lru_cache
def _workers(count: int) -> ThreadPoolExecutor:
    cv2.setNumThreads(1)  # this project's workers are the threads
    return ThreadPoolExecutor(count, thread_name_prefix="images")


class ImageSource:
    """Random access to a rank's batches of some epochs, in the form for GeneratorDataset: (float32 [N, 3, H, W], int32 [N]).

    It returns whole batches, because MindSpore's own workers cost 2 ms per sample in queues.
    """

    def __init__(self, config: Config, listing: Listing, *, training: bool, rank: int, ranks: int, first: int, count: int) -> None:
        """`first` and `count` are in images of this rank, counted from the beginning of epoch 0."""
        self.images = count
        self.listing = listing
        self.unreadable: dict[Path, str] = {}
        self.failure: DataInvalid | None = None
        self._config, self._training, self._rank, self._ranks = config, training, rank, ranks
        self._first = first
        self._batch = config.per_batch_size if training else config.eval_per_batch_size
        self._workers = max(1, min(config.num_parallel_workers, os.cpu_count() or 1))
        self._per_epoch = images_per_epoch(config, listing, training=training, rank=rank, ranks=ranks)
        self._size = (config.image_size[0], config.image_size[1])
        self._resize = (config.resize_size[0], config.resize_size[1])
        self._augmentation = Augmentation(
            (config.crop_scale[0], config.crop_scale[1]),
            (config.crop_ratio[0], config.crop_ratio[1]),
            config.flip_prob,
            config.color_jitter,
        )

    def __len__(self) -> int:
        return math.ceil(self.images / self._batch)

    def __deepcopy__(self, _memo: object) -> "ImageSource":
        """Return self: MindSpore copies a dataset for every iterator, and this object collects the unreadable images."""
        return self

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        positions = range(int(step) * self._batch, min((int(step) + 1) * self._batch, self.images))
        samples = list(_workers(self._workers).map(self._sample, positions))
        return np.stack([image for image, _ in samples]), np.array([label for _, label in samples], np.int32)

    def _sample(self, position: int) -> tuple[np.ndarray, int]:
        epoch, place = divmod(self._first + position, self._per_epoch)
        place = self._rank + place * self._ranks
        if not self._training:
            return self._evaluation_sample(place)
        index = int(epoch_order(len(self.listing), self._config.seed, epoch)[place])
        return self._training_sample(index, np.random.default_rng((self._config.seed, epoch, index)))

    def _training_sample(self, index: int, random: np.random.Generator) -> tuple[np.ndarray, int]:
        for step in range(min(MAX_REPLACEMENTS, len(self.listing))):
            index_there = (index + step) % len(self.listing)
            if (pixels := self._pixels(index_there)) is not None:
                varied = training_pixels(pixels, self._size, self._augmentation, random)
                return normalise(varied), self.listing.labels[index_there]
            if self._config.unreadable == "stop":
                break
        path, reason = next(reversed(self.unreadable.items()))
        self.failure = DataInvalid(
            f"{path} {reason}.",
            f"`python -m models.training check {self.listing.root}` names all such images: repair or remove them, "
            "or set `unreadable: skip` to use other images instead.",
        )
        raise self.failure

    def _evaluation_sample(self, index: int) -> tuple[np.ndarray, int]:
        pixels = self._pixels(index)
        if pixels is None:
            return np.zeros((3, *self._size), np.float32), UNREADABLE
        return normalise(evaluation_pixels(pixels, self._resize, self._size)), self.listing.labels[index]

    def _pixels(self, index: int) -> np.ndarray | None:
        path = self.listing.path(index)
        pixels, reason = read_image(path)
        if pixels is None and path not in self.unreadable:
            self.unreadable[path] = reason
            if self._training:
                _log.warning("unreadable: %s %s.", path, reason)
        return pixels


@dataclass(frozen=True)
class ImageBatches:
    """Batches of images and labels; `dataset` is their MindSpore dataset, with the columns image and label."""

    dataset: ds.Dataset
    source: ImageSource
    steps_per_epoch: int

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Float32 [N, 3, H, W] and int32 [N]; raises DataInvalid for an image that stops the training."""
        if not len(self):  # more processes than images; MindSpore does not allow an empty data set
            return
        try:
            yield from self.dataset.create_tuple_iterator(num_epochs=1, output_numpy=True)
        except RuntimeError:
            if self.source.failure is None:
                raise
            raise self.source.failure from None

    @property
    def images(self) -> int:
        """The number of images in all batches."""
        return self.source.images

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, if the data set has class folders."""
        return self.source.listing.classes

    @property
    def unreadable(self) -> dict[Path, str]:
        """The images that could not be read so far, with the reason."""
        return self.source.unreadable


def create_dataset(
    config: Config, *, training: bool, rank: int = 0, ranks: int = 1, first_epoch: int = 0, first_batch: int = 0, epochs: int = 1
) -> ImageBatches:
    """The batches of `epochs` epochs from `first_epoch` on, for one of `ranks` processes, without the first `first_batch`.

    Training: each step uses the next images of the epoch's order, over all ranks; images that do not fill a batch on every
    rank are left out. Evaluation: every image once over all ranks; the last batch is smaller; an unreadable image has the label -1.
    Raises DataInvalid.
    """
    if not training and (epochs, first_batch) != (1, 0):
        raise ValueError("an evaluation must be exactly one whole epoch")
    path, list_file = (
        (config.data_path, config.list_file) if training else (config.eval_data_path or config.data_path, config.eval_list_file)
    )
    listing = _listing(Path(path), Path(list_file) if list_file else None, training=training)
    listing.check_classes(config.num_classes)

    batch = config.per_batch_size if training else config.eval_per_batch_size
    per_epoch = images_per_epoch(config, listing, training=training, rank=rank, ranks=ranks)
    first = (first_epoch * per_epoch if training else 0) + first_batch * batch
    source = ImageSource(
        config, listing, training=training, rank=rank, ranks=ranks, first=first, count=epochs * per_epoch - first_batch * batch
    )
    dataset = ds.GeneratorDataset(source, ["image", "label"], shuffle=False, num_parallel_workers=1, python_multiprocessing=False)
    return ImageBatches(dataset, source, math.ceil(per_epoch / batch))


@functools.lru_cache(maxsize=4)  # each epoch calls this, and a million names take seconds
def _listing(path: Path, list_file: Path | None, *, training: bool) -> Listing:
    return read_listing(path, list_file, training=training)


def images_per_epoch(config: Config, listing: Listing, *, training: bool, rank: int, ranks: int) -> int:
    """The number of images per rank and epoch: whole batches in training. Raises DataInvalid if there is not one full batch."""
    if not training:
        return len(range(rank, len(listing), ranks))
    steps = len(listing) // ranks // config.per_batch_size
    if not steps:
        raise DataInvalid(
            f"{listing.root} has {len(listing)} images: less than a batch of {config.per_batch_size} for each of {ranks} processes.",
            "Lower per_batch_size.",
        )
    return steps * config.per_batch_size
