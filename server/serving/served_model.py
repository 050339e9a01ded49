"""A model and the engine that runs it; a reload exchanges the whole pair."""

from dataclasses import dataclass, field

from models.store import StoredModel
from server.calibration.calibrator import Calibrator
from server.engines.fleet.fleet import Fleet
from server.errors import NotCalibrated
from server.types import Prediction, Scores


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """A model and its engine; `words` name the model in replies.

    `calibrator` is there if the model's calibration belongs to what is served; `uncalibrated` says why it is not.
    `precision` is that of inference, empty for the engine fake.
    """

    model: StoredModel
    engine: Fleet
    calibrator: Calibrator | None = None
    uncalibrated: str = "it has no calibration"
    precision: str = ""
    words: dict[str, object] = field(init=False)

    def __post_init__(self) -> None:
        manifest = self.model.manifest
        object.__setattr__(self, "words", {"model": manifest.name, "version": manifest.version})

    @property
    def scores(self) -> Scores:
        """What the engine is asked for: a temperature changes every score, so a calibration needs them all."""
        return "full" if self.calibrator else "top"

    def check_coverage(self, coverage: float | None) -> None:
        """Refuse a coverage that cannot be had, before anything is inferred; raises NotCalibrated or BadRequest."""
        if coverage is None:
            return
        if self.calibrator is None:
            name = self.model.manifest.name
            raise NotCalibrated(
                f"The model {name} is not calibrated, so it has no prediction sets: {self.uncalibrated}.",
                f"Run: ascend-classify evaluate FOLDER --model {name} --scores; "
                f"with the id that it prints: ascend-classify models calibrate {name} EVALUATION; then reload the model.",
            )
        self.calibrator.threshold(coverage)

    def calibrated(self, prediction: Prediction, coverage: float | None = None) -> Prediction:
        """The engine's answer as the client gets it; raises NotCalibrated or BadRequest for a coverage that cannot be had."""
        if self.calibrator is None:
            self.check_coverage(coverage)
            return prediction
        return self.calibrator.calibrated(prediction, coverage)
