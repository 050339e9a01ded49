"""Counts whether two ways to classify agree, and checks the counts against bounds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field

from models.model_errors import ClassifyError
from server.parity.parity_errors import ParityBroken

Facts = Mapping[str, str]
"""The facts about a side: model, version, engine, runtime, decode, `recipe_sha256` and `labels_sha256`, as far as known."""
Scored = tuple[int, str, float]
"""A class id, its label, its probability."""
Answer = tuple[Scored, ...] | ClassifyError
"""The best classes of an image, best first, at most 16; or the reason why there are none."""

TOP = 5
SURE = 0.5  # a best class with more than this beats all others together
HASHES = {"recipe_sha256": "recipes", "labels_sha256": "labels"}

# Two classes are tied if their probabilities differ by less than this share of the better one. A ratio of probabilities is a
# difference of logits, and 0.01 of a logit is about the step of FP16 from 8 to 16 (1/128): a chip may put such a pair in either order.
TIE = 0.01


@dataclass(frozen=True)
class Bounds:
    """The required minimum or maximum of each figure.

    Parity exists to find a top-1 that differs without a tie, so none is allowed. Positions 4 and 5 are often
    nearly tied, so the five best may differ in a twentieth of them. EfficientNet-Lite0 with weights and activations rounded to
    FP16, as on a chip, changes a probability by at most 0.005 (200 crops of two photos; the five best overlap by 0.998).
    A limit of 0.02 allows four times that for a deeper network, but does not allow a wrong recipe.
    """

    min_top1: float = 1.0
    min_top5: float = 0.95
    max_difference: float = 0.02


@dataclass(frozen=True)
class Failed:
    """An image without an answer from both sides: the reasons, empty for a side with an answer."""

    image: str
    reasons: tuple[str, str]

    @property
    def one_sided(self) -> bool:
        """Whether one side has an answer."""
        return not all(self.reasons)


@dataclass(frozen=True)
class Differing:
    """An image with different best classes, and the best of each side."""

    image: str
    best: tuple[Scored, Scored]

    @property
    def weight(self) -> float:
        """The sum of both sides' confidence."""
        return self.best[0][2] + self.best[1][2]


@dataclass(frozen=True)
class Largest:
    """The largest difference of a score, and its place."""

    difference: float = 0.0
    image: str = ""
    class_id: int = -1
    label: str = ""


@dataclass
class ParityReport:
    """The result of a comparison; its size grows only with the images that fail or differ."""

    sides: tuple[Facts, Facts]
    compared: int = 0
    agreed: int = 0
    largest: Largest = field(default_factory=Largest)
    tied: list[Differing] = field(default_factory=list)
    differing: list[Differing] = field(default_factory=list)
    sure: int = 0
    sure_agreed: int = 0
    failed: list[Failed] = field(default_factory=list)
    _overlaps: float = 0.0
    _differences: float = 0.0
    _scores: int = 0

    @property
    def top1(self) -> float:
        """The share of the compared images with the same best class, or a tie."""
        return (self.agreed + len(self.tied)) / self.compared if self.compared else 0.0

    @property
    def top5(self) -> float:
        """The mean share of the five best classes that both sides have in common."""
        return self._overlaps / self.compared if self.compared else 0.0

    @property
    def mean_difference(self) -> float:
        """The mean difference of the scores of classes that both sides list."""
        return self._differences / self._scores if self._scores else 0.0

    @property
    def one_sided(self) -> int:
        """The number of images that only one side answered."""
        return sum(failed.one_sided for failed in self.failed)

    @property
    def warnings(self) -> list[str]:
        """The facts that should be equal on both sides, but are not."""
        pairs = ((name, *(side.get(key, "") for side in self.sides)) for key, name in HASHES.items())
        return [f"the {name} of the two sides differ" for name, one, other in pairs if one and other and one != other]

    def add(self, image: str, one: Answer, other: Answer) -> None:
        """Count one image."""
        if isinstance(one, ClassifyError) or isinstance(other, ClassifyError):
            reasons = (_reason(one), _reason(other))
            self.failed.append(Failed(image, reasons))
            return
        self.compared += 1
        places = min(TOP, max(len(one), len(other)))
        self._overlaps += len({scored[0] for scored in one[:TOP]} & {scored[0] for scored in other[:TOP]}) / places
        self._add_differences(image, one, other)
        if one[0][2] > SURE:
            self.sure += 1
            self.sure_agreed += one[0][0] == other[0][0]
        if one[0][0] == other[0][0]:
            self.agreed += 1
        else:
            found = Differing(image, (one[0], other[0]))
            (self.tied if _tied(one, other[0][0]) and _tied(other, one[0][0]) else self.differing).append(found)

    def _add_differences(self, image: str, one: tuple[Scored, ...], other: tuple[Scored, ...]) -> None:
        scores = {class_id: score for class_id, _, score in other}
        for class_id, label, score in one:
            if class_id in scores:
                difference = abs(score - scores[class_id])
                self._scores += 1
                self._differences += difference
                if difference > self.largest.difference:
                    self.largest = Largest(difference, image, class_id, label)

    def check(self, bounds: Bounds) -> None:
        """Raise ParityBroken that names every violated bound; images that neither side could answer do not count."""
        faults = [
            (not self.compared, "both sides answered no image in common"),
            (bool(self.compared) and self.top1 < bounds.min_top1, f"top-1 agreement is {self.top1:.4f}, less than {bounds.min_top1:g}"),
            (bool(self.compared) and self.top5 < bounds.min_top5, f"top-5 overlap is {self.top5:.4f}, less than {bounds.min_top5:g}"),
            (
                self.largest.difference > bounds.max_difference,
                f"a score differs by {self.largest.difference:.4g}, more than {bounds.max_difference:g}",
            ),
            (self.one_sided > 0, f"{self.one_sided} images have an answer from one side only"),
        ]
        broken = [fault for found, fault in faults if found]
        if broken:
            hint = "See the images in the report. If you can live with it, name other bounds: --min-top1, --min-top5 or --max-difference."
            raise ParityBroken(f"The two sides do not agree: {'; '.join(broken)}.", hint)

    def as_dict(self) -> dict[str, object]:
        """The report for JSON; the images that differ most come first."""
        return {
            "sides": [dict(side) for side in self.sides],
            "warnings": self.warnings,
            "compared": self.compared,
            "top1_agreement": self.top1,
            "sure": {"images": self.sure, "same_best_class": self.sure_agreed},
            "top5_overlap": self.top5,
            "largest_difference": asdict(self.largest),
            "mean_difference": self.mean_difference,
            "differing": [_as_dict(found) for found in worst_first(self.differing)],
            "tied": [_as_dict(found) for found in worst_first(self.tied)],
            "failed": [{"image": failed.image, "a": failed.reasons[0], "b": failed.reasons[1]} for failed in self.failed],
        }


def compare(report: ParityReport, images: Iterable[str], one: Iterable[Answer], other: Iterable[Answer]) -> Iterator[str]:
    """Count both sides' answers, in the order of the images; yields each image after it is counted."""
    for image, first, second in zip(images, one, other, strict=True):
        report.add(image, first, second)
        yield image


def worst_first(found: Iterable[Differing]) -> list[Differing]:
    """The images of the highest confidence of both sides first."""
    return sorted(found, key=lambda differing: -differing.weight)


def _reason(answer: Answer) -> str:
    return f"{answer} [{answer.code}]" if isinstance(answer, ClassifyError) else ""


def _tied(ranking: tuple[Scored, ...], class_id: int) -> bool:
    """Whether a class is as good as the best of the ranking, within rounding."""
    best = ranking[0][2]
    return any(scored[0] == class_id and best - scored[2] <= TIE * best for scored in ranking)


def _as_dict(found: Differing) -> dict[str, object]:
    best = [dict(zip(("class_id", "label", "score"), scored, strict=True)) for scored in found.best]
    return {"image": found.image, "a": best[0], "b": best[1]}
