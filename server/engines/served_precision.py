"""The precision that is served: on a CPU the user's or the model's, on a chip the OM's own."""

from typing import Literal

from models.manifest import Artifact, ModelManifest, Precision
from pipelines.cpu.processor import lack
from server.errors import EngineUnavailable
from server.settings import Settings

NOT_SAID = "as compiled by ATC"
"""Of an OM that does not say its precision."""


def wanted_precision(settings: Settings, manifest: ModelManifest) -> Precision:
    """The precision on a CPU that PRECISION or else the manifest asks for; a hand-written pipeline asks for f32 by itself.

    Its file is not looked at: one that is int8 computes in int8, and is told as f32.
    """
    return settings.precision or ("f32" if settings.pipeline else manifest.precision)


def choose_precision(settings: Settings, manifest: ModelManifest) -> Precision:
    """The wanted precision on a CPU.

    Raises EngineUnavailable if the processor lacks it, or if a hand-written pipeline names the file already.
    """
    precision = wanted_precision(settings, manifest)
    if precision == "int8" and settings.pipeline:
        raise EngineUnavailable(
            "PRECISION=int8 chooses a file of the model, but the hand-written pipeline names its file itself.",
            "Name the int8 file in the pipeline and leave out PRECISION.",
        )
    if lacking := lack(precision):
        where = f"PRECISION={precision}" if settings.precision else f"The manifest of {manifest.name} has precision = {precision!r}"
        raise EngineUnavailable(f"{where}, but {lacking}.", "Set PRECISION=f32, and leave out --precision.")
    return precision


def check_om_precision(settings: Settings, artifact: Artifact | None) -> None:
    """Raise EngineUnavailable if PRECISION asks a chip for another precision than that of its OM.

    There is no artifact if a hand-written pipeline names the OM.
    """
    if settings.precision and settings.pipeline:
        raise EngineUnavailable(
            f"PRECISION={settings.precision}, but the OM that the hand-written pipeline names has a precision of its own.",
            "Leave out PRECISION.",
        )
    if settings.precision and artifact and settings.precision != artifact.computes:
        own = f"computes in {artifact.computes}" if artifact.computes else "does not say in which precision it computes"
        raise EngineUnavailable(
            f"PRECISION={settings.precision}, but {artifact.file} {own}, which ATC settled.", "Leave out PRECISION: an OM has its own."
        )


def told_precision(runtime: Literal["ascend", "cpu"], precision: Precision, artifact: Artifact | None) -> str:
    """The precision for reports and /info."""
    if runtime == "cpu":
        return precision
    return artifact.computes if artifact and artifact.computes else NOT_SAID
