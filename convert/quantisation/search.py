"""Tries the variants of a quantisation: the fastest, and the others only if it agrees with f32 too seldom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.artifact import plain_network, write_onnx
from convert.conversion_errors import ConvertError
from convert.fold import fold
from convert.quantisation.f32_reference import CONFIDENT, Agreement, Compared, F32Reference
from convert.quantisation.onnxruntime_quantiser import NetworkQuantiser
from convert.quantisation.picture_set import PictureSet
from convert.quantisation.variant import CALIBRATIONS, FASTEST, PARTS, Variant
from models.manifest import CPU, Artifact
from models.store import StoredModel

GOOD = 0.99  # of the pictures of which f32 is confident: then nothing else is tried
MORE = "Give more pictures, of the kind that the server will see; or keep the artifact as it is: --force"
HISTOGRAM_PICTURES = 100  # a histogram of every tensor costs many times the inference

Begin = Callable[[str, int], Callable[[], None]]
"""Called at the start of a step with its name and the number of its pictures; what it returns is called after each picture."""


@dataclass(frozen=True)
class Trial:
    """A variant, the places of the pictures that calibrated it, the file of its artifact, and how that does beside f32."""

    variant: Variant
    calibrated_on: Sequence[int]
    file: Path
    compared: Compared


@dataclass(frozen=True)
class Found:
    """The f32 artifact, how it does itself, and every trial in its order."""

    artifact: Artifact
    f32: Compared
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial that agrees most where f32 is confident, then everywhere; of equals the earlier, which is faster."""
        return max(self.trials, key=_rank)


def search(model: StoredModel, pictures: PictureSet, folder: Path, begin: Begin, *, good: float = GOOD, force: bool = False) -> Found:
    """Quantise the model's network until a variant agrees with f32 on `good` of the confident pictures; its files are in `folder`.

    If f32 is confident of no picture, all pictures count with `force`, and without it nothing is quantised.
    Raises ModelNotPrepared, ArtifactDamaged, ArtifactStale, ConvertError.
    """
    f32, path = model.check_artifact(CPU)
    reference = F32Reference(path, pictures, begin("Answering in f32", len(pictures.held_out)))
    if not (force or reference.itself.confident.total):
        raise ConvertError(
            f"f32 has a probability above {CONFIDENT} on none of the {reference.itself.everywhere.total} pictures that were held out, "
            "so their agreement says too little.",
            MORE,
        )
    quantiser = NetworkQuantiser(plain_network(model), model.manifest.recipe, folder)
    trials: list[Trial] = []

    def attempt(variant: Variant) -> Trial:
        places = _calibrating(pictures, variant)
        network = quantiser.quantised(variant, [pictures.pixels[place] for place in places], begin(str(variant), len(places)))
        file = folder / f"trial-{len(trials)}.onnx"
        write_onnx(fold(network, model.manifest, f32.batch_sizes, "int8"), file)
        trials.append(Trial(variant, places, file, reference.compare(file)))
        return trials[-1]

    if judging(attempt(FASTEST).compared).share < good:
        for parts in PARTS:
            attempt(Variant(f32=parts))
        best = max(trials, key=_rank)
        for calibration in CALIBRATIONS:
            attempt(Variant(calibration, best.variant.f32))
    return Found(f32, reference.itself, tuple(trials))


def judging(compared: Compared) -> Agreement:
    """The agreement that counts: where f32 is confident, or everywhere if it is confident of no picture."""
    return compared.confident if compared.confident.total else compared.everywhere


def _rank(trial: Trial) -> tuple[float, float]:
    return trial.compared.confident.share, trial.compared.everywhere.share


def _calibrating(pictures: PictureSet, variant: Variant) -> Sequence[int]:
    places = pictures.calibration
    if variant.calibration == "MinMax" or len(places) <= HISTOGRAM_PICTURES:
        return places
    return [places[number * len(places) // HISTOGRAM_PICTURES] for number in range(HISTOGRAM_PICTURES)]
