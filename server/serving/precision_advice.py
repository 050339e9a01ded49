"""After the start, once: what another precision would bring on this machine, measured while nobody asks for anything."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep

from models.manifest import CPU, Precision
from models.store import StoredModel
from server.serving.model_settings import settings_of
from server.serving.service import Phase, Service
from server.settings import SettingInvalid, Settings
from server.types import Runtime

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
BOOT = "import sys; sys.path[0] = sys.argv[1]; from server.serving.precision_trial import main; main()"
CALM_S = 2.0  # so long the server must have had no request before
TRIAL_S = 10.0
STEP_S = 0.05
WORTH = 1.05  # a smaller gain is not worth a line


class PrecisionAdvice:
    """Measures in a process of the lowest priority, which ends as soon as a request comes.

    Silent if the user has named a precision, or a pipeline: that names its file, and refuses PRECISION=int8.
    """

    def __init__(self, service: Service, runtime: Runtime, calm_s: float = CALM_S) -> None:
        self._service = service
        self._runtime = runtime
        self._calm_s = calm_s
        self.thread = threading.Thread(target=self._advise, name="precision-advice", daemon=True)

    def begin(self) -> None:
        """Measure on a thread of its own, if there is something to advise."""
        own = self._own_settings()
        if self._runtime == "cpu" and own and not (own.precision or own.pipeline or own.engines == "fake"):
            self.thread.start()

    def _own_settings(self) -> Settings | None:
        """The settings of the default model; None if its section was changed since the start, and cannot be read."""
        try:
            return settings_of(self._service.settings, self._service.models.default.name)
        except SettingInvalid:
            return None

    def _in_section(self) -> bool:
        """Whether PRECISION would not be of this model alone, or its section has settings of it."""
        every, own = self._service.settings, self._own_settings()
        several = len([*self._service.models]) > 1 or every.model_names != (self._service.models.default.name,)
        of_all = {"model", "models"}
        return several or own is None or own.model_dump(exclude=of_all) != every.model_dump(exclude=of_all)

    def _advise(self) -> None:
        registered = self._service.models.default
        served = registered.served
        if not self._calm(self._calm_s):
            return
        measured = self._measured(served.model)
        if registered.served is not served:
            return
        registered.measured_s = measured
        if line := advice(served.precision, measured, in_section=self._in_section()):
            logger.info("%s: %s", registered.name, line)

    def _measured(self, model: StoredModel) -> dict[str, float]:
        """The seconds an image by precision; empty if a request came, or the trial failed."""
        files = [f"{file}={precision}" for precision, file in candidates(model)]
        command = [sys.executable, "-c", BOOT, str(ROOT), *files]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:  # noqa: S603 - ours
            until_s = monotonic() + TRIAL_S
            while child.poll() is None:
                if monotonic() > until_s or not self._calm(STEP_S):
                    child.kill()
                    return {}
            out = child.stdout.read() if child.stdout else b""
        measured: dict[str, float] = json.loads(out) if child.returncode == 0 else {}
        return measured

    def _calm(self, wait_s: float) -> bool:
        """Wait; whether no request and no evaluation was there."""
        models = [(model, model.admission.last_s) for model in self._service.models]
        sleep(wait_s)
        quiet = all(
            not model.admission.under_way and model.admission.last_s == last_s and not model.measuring.locked() for model, last_s in models
        )
        return quiet and self._service.phase is Phase.READY


def candidates(model: StoredModel) -> Iterator[tuple[Precision, Path]]:
    """The precisions that the model can be served in, as far as its artifacts go, with their files."""
    every: tuple[Precision, ...] = ("f32", "bf16", "int8")
    for precision in every:
        if artifact := model.manifest.artifact(CPU, precision):
            yield precision, model.folder / artifact.file


def advice(served: str, measured: Mapping[str, float], *, in_section: bool = False) -> str:
    """The gain of each precision that is faster than the served one; empty if there is none.

    `in_section`: the setting goes into the model's section of MODELS_FILE.
    """
    if served not in measured:
        return ""
    gains = {precision: measured[served] / each_s for precision, each_s in measured.items()}
    faster = [f"{precision} {gain:.1f} times as fast" for precision, gain in gains.items() if gain >= WORTH]
    if not faster:
        return ""
    own = f"{served} takes {measured[served] * 1e3:.1f} ms an image on one thread"
    where, keeping = "PRECISION", f"PRECISION={served}"
    if in_section:
        where, keeping = "precision in its section of MODELS_FILE", f'precision = "{served}" there'
    return f"{own}; measured on this machine: {', '.join(faster)}. {where} chooses; {keeping} keeps it and says no more."
