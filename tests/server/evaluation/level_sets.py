"""Labelled sets of flat grey pictures whose answers are known: the model's class of a picture is its level / 4."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.level_model import CLASSES, level_png
from tests.server.process import ServerProcess

WRONG_EVERY = 10  # the label of each tenth image is one more than its class
DAMAGED_EVERY = 100


@dataclass(frozen=True)
class LevelSet:
    """A folder of so many images, hard links to one file a class, with a list of labels."""

    folder: Path
    images: int
    damaged: int = 0

    @property
    def correct(self) -> int:
        """How many the model gets right."""
        return sum(class_of(n) == label_of(n) and not self.is_damaged(n) for n in range(self.images))

    def is_damaged(self, number: int) -> bool:
        """Whether an image cannot be decoded."""
        return bool(self.damaged) and number % DAMAGED_EVERY == 7


def class_of(number: int) -> int:
    """The class the model gives an image."""
    return number * 7 % CLASSES


def label_of(number: int) -> int:
    """The class the list gives an image."""
    return (class_of(number) + (number % WRONG_EVERY == 0)) % CLASSES


def make_level_set(folder: Path, images: int, *, damaged: bool = False) -> LevelSet:
    """Write one."""
    folder.mkdir(parents=True)
    seeds = folder.parent / f"{folder.name}-seeds"
    seeds.mkdir()
    for class_id in range(CLASSES):
        png = level_png(4 * class_id)
        (seeds / f"{class_id}.png").write_bytes(png)
        (seeds / f"{class_id}.damaged").write_bytes(png[: len(png) // 2])
    made = LevelSet(folder, images, sum(n % DAMAGED_EVERY == 7 for n in range(images)) if damaged else 0)
    for number in range(images):
        seed = seeds / f"{class_of(number)}.{'damaged' if made.is_damaged(number) else 'png'}"
        os.link(seed, folder / f"{number}.png")
    (folder / "val_label.txt").write_text("".join(f"{number}.png {label_of(number)}\n" for number in range(images)))
    return made


def finished(server: ServerProcess, location: str, state: str = "finished") -> dict[str, object]:
    """Follow the events of an evaluation to its end."""
    last = events(server, location)[-1]
    assert last["state"] == state, last
    return last


def events(server: ServerProcess, location: str) -> list[dict[str, object]]:
    """The data of all events to the end."""
    import json

    with server.client.stream("GET", f"{location}/events", timeout=120) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line.startswith("data: ")]


def without_times(report: dict[str, object]) -> dict[str, object]:
    """The part of a report that is equal in each report of the same run."""
    manifest = {name: value for name, value in report["manifest"].items() if not name.endswith("_at")}  # type: ignore[attr-defined]
    return {name: value for name, value in report.items() if name not in ("throughput", "latency")} | {"manifest": manifest}
