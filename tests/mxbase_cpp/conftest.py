"""The compiled classifier, where `make mxbase` has built it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Literal

import pytest

from models.store import ModelStore, StoredModel
from pipelines.classifier_config import ClassifierConfig, ClassifierLimits, configure_classifier
from pipelines.reduction import Decode

if find_spec("mxclassify"):
    import mxclassify
else:
    collect_ignore_glob = ["test_*.py"]

LIMITS = ClassifierLimits(decoders=2, lanes=2, capacity=64)


class Running:
    """A classifier that remembers its results by id."""

    def __init__(self, config: ClassifierConfig) -> None:
        self.config = config
        self.results: dict[int, Any] = {}
        self._changed = threading.Condition()
        self.classifier = mxclassify.Classifier(self._keep, **config)

    def _keep(self, results: list[Any]) -> None:
        with self._changed:
            self.results |= {result[0]: result for result in results}
            self._changed.notify_all()

    def answer(self, image: bytes, number: int = 0, *, full: bool = False) -> Any:
        """The result of one image."""
        assert self.classifier.submit(number, image, time.monotonic() + 60, full)
        with self._changed:
            assert self._changed.wait_for(lambda: number in self.results, 60)
            return self.results.pop(number)


@contextmanager
def classifying(
    model: StoredModel, *, ranking: Literal["own", "sdk"] = "own", limits: ClassifierLimits = LIMITS, decode: Decode = "exact"
) -> Iterator[Running]:
    """A classifier of a stored model, closed in the end."""
    path = model.check_artifact("cpu")[1].with_suffix(".om")
    running = Running(configure_classifier(model.manifest, str(path), limits, ranking=ranking, decode=decode))
    try:
        yield running
    finally:
        running.classifier.close()


@pytest.fixture(scope="session")
def model(model_store: ModelStore) -> StoredModel:
    return model_store.open("efficientnet_lite0")
