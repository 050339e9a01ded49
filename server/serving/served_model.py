"""A model and the engine that runs it; a reload exchanges the whole pair."""

from dataclasses import dataclass, field
from pathlib import Path

from models.store import StoredModel
from pipelines.reduction import Decode
from server.calibration.calibrator import Calibrator
from server.engines.fleet.fleet import Fleet
from server.errors import NotCalibrated
from server.serving.companions import NO_COMPANIONS, Companions
from server.types import Prediction, Scores


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """A model and its engine; `words` name the model in replies.

    `calibrator` is there if the calibration of the model fits what is served; else `uncalibrated` is the reason, `to_calibrate` the remedy.
    `precision` is that of inference, empty for the engine fake; `decode` is how large JPEGs are decoded.
    `pipeline` is a hand-written one. `memory_bytes` is an estimate of what the engines take. `companions` are beside it.
    """

    model: StoredModel
    engine: Fleet
    calibrator: Calibrator | None = None
    uncalibrated: str = "it has no calibration"
    to_calibrate: str = ""
    precision: str = ""
    decode: Decode = "exact"
    pipeline: Path | None = None
    memory_bytes: int = 0
    companions: Companions = NO_COMPANIONS
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
                self.to_calibrate,
            )
        self.calibrator.threshold(coverage)

    def calibrated(self, prediction: Prediction, coverage: float | None = None) -> Prediction:
        """The engine's answer as the client gets it; raises NotCalibrated or BadRequest for a coverage that cannot be had."""
        if self.calibrator is None:
            self.check_coverage(coverage)
            return prediction
        return self.calibrator.calibrated(prediction, coverage)
