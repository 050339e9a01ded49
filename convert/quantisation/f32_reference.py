"""What the f32 artifact answers on the pictures that are held out, and how often another artifact answers the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convert.quantisation.picture_set import PictureSet
from convert.quantisation.scored_artifact import ScoredArtifact, best_class

CONFIDENT = 0.5  # an f32 probability above it


@dataclass(frozen=True)
class Agreement:
    """On how many of `total` pictures the best class is the same."""

    same: int
    total: int

    @property
    def share(self) -> float:
        """From 0 to 1; 0 without pictures, which say nothing."""
        return self.same / self.total if self.total else 0.0


@dataclass(frozen=True)
class Compared:
    """An artifact beside f32: the agreement on all pictures and on those of which f32 is confident, the size, the processor time."""

    everywhere: Agreement
    confident: Agreement
    size_bytes: int
    cpu_ms_an_image: float


class F32Reference:
    """The answers of the f32 artifact."""

    def __init__(self, path: Path, pictures: PictureSet, done: Callable[[], None]) -> None:
        """Answer every picture that is held out; `done` is called after each. Raises ConvertError."""
        self._pictures = pictures
        scored = ScoredArtifact(path)
        self._answers: list[tuple[int, float]] = []
        for place in pictures.held_out:
            self._answers.append(best_class(scored.logits(pictures.pixels[place])))
            done()
        count = len(self._answers)
        confident = sum(score > CONFIDENT for _, score in self._answers)
        self.itself = Compared(
            Agreement(count, count), Agreement(confident, confident), path.stat().st_size, scored.cpu_ms_an_image(pictures.pixels[0])
        )

    def compare(self, path: Path) -> Compared:
        """Let another artifact of the model answer the same pictures. Raises ConvertError."""
        scored = ScoredArtifact(path)
        same = confident = 0
        for place, (class_id, score) in zip(self._pictures.held_out, self._answers, strict=True):
            if best_class(scored.logits(self._pictures.pixels[place]))[0] == class_id:
                same += 1
                confident += score > CONFIDENT
        return Compared(
            Agreement(same, self.itself.everywhere.total),
            Agreement(confident, self.itself.confident.total),
            path.stat().st_size,
            scored.cpu_ms_an_image(self._pictures.pixels[0]),
        )
