"""The accuracy of two artifacts of a model on the same labelled pictures."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from models.manifest import ModelManifest
from models.model_errors import ClassifyError
from server.cli.convert.served_picture import read_served
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.report.intervals import Share, mcnemar_p, paired_difference
from server.settings import Settings

if TYPE_CHECKING:
    from convert.quantisation.search import Begin


@dataclass(frozen=True)
class PairedAccuracy:
    """The accuracies of A and B, and that of B minus that of A with its 95 % interval."""

    a: Share
    b: Share
    difference: float
    interval: tuple[float, float]
    mcnemar_p: float

    def as_text(self) -> str:
        """The comparison for a person, A as f32 and B as int8."""
        low, high = self.interval
        return (
            f"accuracy on {self.a.total} labelled pictures that did not calibrate: f32 {self.a.value:.2%}, int8 {self.b.value:.2%}, "
            f"difference {self.difference:+.2%} (95 %: {low:+.2%} to {high:+.2%}; exact McNemar p = {self.mcnemar_p:.3g})"
        )

    def as_record(self) -> dict[str, object]:
        """The fields of the manifest's record."""
        return {"accuracy_difference": self.difference, "accuracy_interval": self.interval, "accuracy_images": self.a.total}


def labelled_pictures(images: Path, labels: Path, class_names: tuple[str, ...]) -> LabelledSet:
    """The set of a list for the folder `images`, or of a folder of its own; raises DatasetInvalid."""
    if labels.is_dir():
        return open_labelled_set(RootFiles(labels, follow_links=True), None, class_names)
    return open_labelled_set(RootFiles(images, follow_links=True), labels.absolute(), class_names)


def paired_accuracy(
    manifest: ModelManifest,
    artifacts: tuple[Path, Path],
    pictures: LabelledSet,
    without: Collection[str],
    settings: Settings,
    begin: "Begin",
) -> PairedAccuracy | None:
    """Let both artifacts, A and B, answer every labelled picture but those whose sha256 is in `without`; None if there are no others.

    What cannot be decoded is passed over. Raises ConvertError.
    """
    from convert.quantisation.scored_artifact import ScoredArtifact, best_class
    from pipelines.cpu.recipe_picture import RecipePicture

    scored = [ScoredArtifact(path) for path in artifacts]
    outcomes = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    done: Callable[[], None] = begin("Comparing the accuracy", len(pictures))
    with RecipePicture(manifest) as picture:
        for index, item in enumerate(pictures):
            done()
            if item.label is None:
                continue
            try:
                image = read_served(partial(pictures.read, index, settings.max_body_bytes), settings.max_image_pixels)
            except ClassifyError:
                continue
            made = None if sha256(image).hexdigest() in without else picture.of(image)
            if made is not None:
                a, b = (best_class(each.logits(made))[0] == item.label for each in scored)
                outcomes[a, b] += 1
    total = sum(outcomes.values())
    if not total:
        return None
    right, only_a, only_b = outcomes[True, True], outcomes[True, False], outcomes[False, True]
    difference, interval = paired_difference(only_a, only_b, total)
    return PairedAccuracy(Share.of(right + only_a, total), Share.of(right + only_b, total), difference, interval, mcnemar_p(only_a, only_b))
