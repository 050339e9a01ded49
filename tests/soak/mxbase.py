"""The compiled classifier for a long time, and the memory it takes: `python -m tests.soak.mxbase --requests 200000`.

Ten classifiers of the digits model, one after another, in this process. Of hundred requests five are damaged, two come too late
and two are cancelled as soon as they are taken; every other one must get the class that its picture has.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING

import mxclassify

from convert.prepare import prepare
from models.store import ModelStore
from pipelines.classifier_config import ClassifierConfig, ClassifierLimits, configure_classifier
from tests.soak.evaluation import MIB_KB, memory_kb

if TYPE_CHECKING:
    from mxclassify import Result

MAX_GROWTH_MB = 30
CLASSIFIERS = 10
LIMITS = ClassifierLimits(decoders=2, lanes=2, capacity=64)
FAR_S = 600
DAMAGED = range(5)  # by the last two digits of a request's number
LATE = range(5, 7)
CANCELLED = range(7, 9)


class Round:
    """One classifier and its share of the requests; `outcomes` counts what was right, `wrong` tells the rest."""

    def __init__(self, config: ClassifierConfig, pictures: list[bytes], classes: list[int]) -> None:
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._pictures, self._classes = pictures, classes
        self._waiting: set[int] = set()
        self._room = Condition()
        self._classifier = mxclassify.Classifier(self._keep, **config)

    def run(self, numbers: range) -> None:
        """Send them all, as fast as they are taken, and wait for the last."""
        for number in numbers:
            with self._room:
                self._room.wait_for(lambda: len(self._waiting) < LIMITS.capacity)
                self._waiting.add(number)
            picture, share = self._pictures[number % len(self._pictures)], number % 100
            deadline_s = time.monotonic() + (-1 if share in LATE else FAR_S)
            if not self._classifier.submit(number, picture[: len(picture) // 2] if share in DAMAGED else picture, deadline_s):
                self.wrong.append(f"{number} was not taken")
            if share in CANCELLED:
                self._classifier.cancel(number)
        self._classifier.close(FAR_S)
        self.wrong += [f"{number} has no result" for number in self._waiting]

    def _keep(self, results: "list[Result]") -> None:
        with self._room:
            for number, outcome, error, best, *_ in results:
                if number not in self._waiting:
                    self.wrong.append(f"{number} has two results, or was never sent")
                self._waiting.discard(number)
                if not self._expected(number, outcome, best[0][0] if best else None):
                    self.wrong.append(f"{number}: {outcome} {error} {best[:1]}")
                self.outcomes[outcome] += 1
            self._room.notify_all()

    def _expected(self, number: int, outcome: str, class_id: int | None) -> bool:
        share = number % 100
        if share in DAMAGED:
            return outcome == "undecodable"
        if share in LATE:
            return outcome == "expired"
        answered = outcome == "ok" and class_id == self._classes[number % len(self._classes)]
        return answered or (share in CANCELLED and outcome == "cancelled")  # unless it was quicker


def classes_of(config: ClassifierConfig, pictures: list[bytes]) -> list[int]:
    """The class of every picture."""
    found: dict[int, int] = {}
    classifier = mxclassify.Classifier(lambda results: found.update({result[0]: result[3][0][0] for result in results}), **config)
    for number, picture in enumerate(pictures):
        while not classifier.submit(number, picture, time.monotonic() + FAR_S):
            time.sleep(0.001)
    classifier.close(FAR_S)
    return [found[number] for number in range(len(pictures))]


def main(requests: int) -> int:
    """0 if every request had the one result that it should have, and memory grew by less than 30 MB after the first classifier."""
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    rss_mb: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        model = prepare("resnext_digits", ModelStore(Path(folder)))
        config = configure_classifier(model.manifest, str(model.check_artifact("cpu")[1].with_suffix(".om")), LIMITS)
        pictures = [path.read_bytes() for path in sorted((model.folder / "evaluation" / "mixed" / "images").iterdir())]
        classes = classes_of(config, pictures)
        started_s = time.monotonic()
        for number in range(CLASSIFIERS):
            one = Round(config, pictures, classes)
            one.run(range(requests * number // CLASSIFIERS, requests * (number + 1) // CLASSIFIERS))
            outcomes += one.outcomes
            wrong += one.wrong
            rss_mb.append(memory_kb(os.getpid()) / MIB_KB)
        lasted_s = time.monotonic() - started_s
    growth_mb = rss_mb[-1] - rss_mb[0]
    counts = ", ".join(f"{outcome} {number}" for outcome, number in sorted(outcomes.items()))
    say(f"{requests} requests, {requests / lasted_s:.0f}/s: {counts}; wrong: {len(wrong)}")
    say("\n".join(wrong[:20]))
    say(f"VmRSS after each of {CLASSIFIERS} classifiers: {', '.join(f'{mb:.1f}' for mb in rss_mb)} MB; grown by {growth_mb:+.1f}")
    return int(bool(wrong) or outcomes.total() != requests or growth_mb >= MAX_GROWTH_MB)


def say(text: str) -> None:
    """A line on standard output, if there is anything to say."""
    if text:
        sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    sys.exit(main(parser.parse_args().requests))
