"""The manifest of a run: all inputs behind its figures."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from pipelines.reduction import Decode
from server.types import ScoreType

# These fields may differ between a run and its continuation: no figure depends on them.
_APART = ("started_at", "ended_at", "calibration")


class ServedCalibration(BaseModel):
    """The calibration of a model's answers, which a run does not measure: its scores are the model's own.

    It was fitted on another run, `evaluation`, and the expected calibration errors are those of `images` that it was not fitted on.
    `thresholds` are those of its prediction sets, by coverage, and `list_sha256` is the list behind them; older runs kept neither.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float
    evaluation: str
    images: int
    ece_before: float
    ece_after: float
    thresholds: dict[str, float] = {}
    list_sha256: str = ""


class RunManifest(BaseModel):
    """The data set, the model, the engine and the machine of a run; times are ISO 8601.

    `pipeline_sha256` is the hash of a hand-written pipeline; `listed` and `labelled` count the list; `top_k` is the number of classes
    counted; `gears` are the batch sizes of the artifact; `declared` says that a person, and not the artifact, said for which recipe it
    was made (`models adopt`); `calibration` is that of the server's answers, or null; `precision` is the inference's, for example f32;
    `decode` is `Settings.decode`; `list_sha256` covers names and labels in their order; `groups` are the labels that stand for several
    classes, which are counted as their first class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    model: str
    model_version: str
    model_sha256: str
    recipe_sha256: str
    labels_sha256: str
    pipeline_sha256: str = ""
    dataset: str
    dataset_format: str
    dataset_notes: tuple[str, ...] = ()
    list_sha256: str
    listed: int
    labelled: int
    classes: int
    groups: dict[str, tuple[int, ...]] = {}
    top_k: int = 5
    limit: int | None = None
    engine: str
    runtime: str
    score_type: ScoreType = "probability"
    precision: str = ""
    decode: Decode = "exact"
    gears: tuple[int, ...] = ()
    declared: bool = False
    calibration: ServedCalibration | None = None
    versions: dict[str, str] = {}
    machine: dict[str, str] = {}
    started_at: str = ""
    ended_at: str = ""

    @field_validator("runtime")
    @classmethod
    def _runtime_of_today(cls, word: str) -> str:
        """Replace the CPU runtime's former name, so that an older run can be read, compared and resumed."""
        return "cpu" if word == "host" else word

    @property
    def grouped(self) -> bool:
        """Whether a label stands for several classes."""
        return any(len(ids) > 1 for ids in self.groups.values())

    @property
    def calibration_words(self) -> str:
        """Whether answers are calibrated, and by what, for a person."""
        if (found := self.calibration) is None:
            return "The scores are the model's own, and answers have the same: they are not calibrated."
        return (
            f"The scores here are the model's own. Answers have calibrated ones, with the temperature {found.temperature:.4f} of the "
            f"evaluation {found.evaluation}: on {found.images:,} other images of that evaluation the expected calibration error is "
            f"{found.ece_after:.4f} with it, and {found.ece_before:.4f} without."
        )

    def differences(self, other: "RunManifest") -> dict[str, tuple[object, object]]:
        """The fields, except times and calibration, in which two runs differ: a run is resumed only if there are none."""
        mine, theirs = self.model_dump(), other.model_dump()
        return {name: (mine[name], theirs[name]) for name in mine if name not in _APART and mine[name] != theirs[name]}


def in_words(value: object) -> str:
    """A field of a manifest for a person."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {in_words(item)}" for name, item in value.items()) or "nothing"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value in (None, "") else str(value)
