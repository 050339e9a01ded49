"""Makes the engines from the settings: which kinds, on which chips, in this process or in their own."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, cached_property, partial
from importlib.util import find_spec
from typing import Any

from models.manifest import CPU, Artifact, Precision
from models.store import StoredModel
from pipelines.classifier_config import ClassifierLimits
from pipelines.cpu.runtime_options import CpuOptions
from server.engines.base import Engine
from server.engines.chips import chip_soc, find_chips
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.engines.fleet.member import Member, Watch
from server.engines.fleet.model_shares import ModelShare
from server.engines.fleet.waiting_line import DecodeRoom
from server.engines.mxbase_engine import BUILD, MxbaseEngine, share_decoder_warnings
from server.engines.plan import ClassifierPlan, StreamPlan, plan_classifier, plan_own, plan_rendered
from server.engines.process.engine_process import EngineProcess, Replacement
from server.engines.process.program import EngineProgram, Program, StreamProgram
from server.engines.resize_bound import ResizeBound, resize_of
from server.engines.second_model import MOST_COST, WORKING_MB, wants_second_model
from server.engines.served_precision import check_om_precision, choose_precision, told_precision
from server.engines.stream_engine import StreamEngine
from server.errors import EngineUnavailable
from server.settings import Settings
from server.telemetry.model_metrics import ModelMetrics
from server.types import Runtime

logger = logging.getLogger(__name__)

CPU_STREAMS_MAX = 8
ASCEND_STREAMS = 2  # one decoding thread is hardly enough for a 310
LANES = 2  # batches on the device at once: one runs, one waits


def engine_kinds(settings: Settings) -> tuple[str, ...]:
    """The engines that the settings name, in order of preference; raises EngineUnavailable for an invalid choice."""
    if settings.engines == "auto":
        if settings.pipeline:  # the compiled engine knows only the manifest's recipe
            return ("stream",)
        if find_spec("mxclassify"):
            return ("stream", "mxbase")
        logger.info("the fallback engine mxbase is not built; stream serves without one. %s", BUILD)
        return ("stream",)
    kinds = tuple(kind.strip() for kind in settings.engines.split(","))
    if unknown := [kind for kind in kinds if kind not in ("stream", "mxbase", "fake")]:
        raise EngineUnavailable(
            f"There is no engine {unknown[0]!r}.", "Set ENGINES to auto, fake, or a list of stream and mxbase with commas."
        )
    if len(set(kinds)) < len(kinds) or ("fake" in kinds and len(kinds) > 1):
        raise EngineUnavailable(f"ENGINES={settings.engines} cannot be.", "Name each engine once, and fake alone.")
    if "mxbase" in kinds and settings.pipeline:
        raise EngineUnavailable("The engine mxbase cannot run a hand-written pipeline.", "Leave out PIPELINE, or name ENGINES=stream.")
    return kinds


def default_streams(runtime: Runtime) -> int:
    """On a CPU one stream more than cores: it keeps them busy while another stream decodes or waits."""
    return ASCEND_STREAMS if runtime == "ascend" else min(cores() + 1, CPU_STREAMS_MAX)


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


@cache
def decode_room(most_bytes: int) -> DecodeRoom:
    """The room that the fleets of this process share."""
    return DecodeRoom(most_bytes, max(1, cores() - 1))


class EngineAssembly:
    """Makes the engines of one model: a tier for each kind, with one engine per chip, each in its own process or not."""

    def __init__(
        self, settings: Settings, model: StoredModel, runtime: Runtime, metrics: ModelMetrics, share: ModelShare | None = None
    ) -> None:
        self._settings = settings
        self._model = model
        self._runtime: Runtime = runtime
        self._metrics = metrics
        self._share = share
        self._kinds = engine_kinds(settings)
        self._turn = threading.Lock()  # engine processes are replaced one after the other

    @cached_property
    def devices(self) -> tuple[int, ...]:
        """The chips; raises EngineUnavailable for an invalid list."""
        if self._settings.devices == "auto":
            chips = len(find_chips()) if self._runtime == "ascend" else 1
            return tuple(range(max(1, chips)))  # the SDK numbers its chips from 0, whatever the names of their nodes
        numbers = [number.strip() for number in self._settings.devices.split(",")]
        if not all(number.isascii() and number.isdecimal() and len(number) < 4 for number in numbers) or len(set(numbers)) < len(numbers):
            raise EngineUnavailable(f"DEVICES={self._settings.devices} is not a list of chips.", "Set auto, or numbers: 0,1,2,3.")
        return tuple(int(number) for number in numbers)

    @cached_property
    def in_processes(self) -> bool:
        """Whether every engine has its own process."""
        match self._settings.engine_processes:
            case "auto":
                return self._runtime == "ascend" or len(self.devices) > 1
            case choice:
                return choice == "yes"

    @cached_property
    def _soc(self) -> str:
        return "" if self._runtime == "cpu" else chip_soc(self._model.manifest)

    @cached_property
    def _latency(self) -> bool:
        model_bytes = self._file_bytes if self._runtime == "cpu" else 0
        return wants_second_model(self._settings, self._runtime, cores(), len(self.devices), model_bytes)

    @property
    def _file_bytes(self) -> int:
        """The size of the artifact's file; 0 if there is none."""
        artifact = self.artifact
        file = self._model.folder / artifact.file if artifact else None
        return file.stat().st_size if file and file.is_file() else 0

    @property
    def memory_bytes(self) -> int:
        """An estimate of what all engines take: on a CPU of its memory, on chips of theirs. Each stream of a chip loads the model."""
        if self._kinds == ("fake",) or self._settings.pipeline:
            return 0
        if self._runtime == "cpu":
            copies = len(self._kinds) * len(self.devices) * (2 if self._latency else 1)
            return int(copies * (MOST_COST * self._file_bytes + WORKING_MB * 1e6))
        streams = self._settings.streams_per_device or default_streams(self._runtime)
        return len(self._kinds) * len(self.devices) * (streams + self._scores_streams(streams)) * self._file_bytes

    @property
    def artifact(self) -> Artifact | None:
        """The artifact that the engines load; None if the model has none for this runtime. Raises EngineUnavailable or ModelNotPrepared."""
        if self._runtime == "cpu":
            return self._model.manifest.artifact(CPU, self.precision)
        return self._model.manifest.artifact(self._soc)

    @cached_property
    def precision(self) -> Precision:
        """The precision on a CPU, f32 for the engine fake; raises EngineUnavailable if it cannot be had."""
        on_cpu = self._runtime == "cpu" and self._kinds != ("fake",)
        return choose_precision(self._settings, self._model.manifest) if on_cpu else "f32"

    @property
    def told_precision(self) -> str:
        """The precision for reports and /info, empty for the engine fake; raises EngineUnavailable if the OM has another one."""
        if self._kinds == ("fake",):
            return ""
        artifact = None if self._settings.pipeline else self.artifact  # a hand-written pipeline names its own file
        if self._runtime == "ascend":
            check_om_precision(self._settings, artifact)
        return told_precision(self._runtime, self.precision, artifact)

    def fleet(self) -> Fleet:
        """The fleet, not started: a tier per kind with a member per chip; raises EngineUnavailable."""
        if self._settings.decode == "reduced" and self._runtime == "ascend" and "stream" in self._kinds:
            raise EngineUnavailable(
                "DECODE=reduced: the SDK's pipeline cannot decode a JPEG reduced.", "Set DECODE=exact, or ENGINES=mxbase."
            )
        if "mxbase" in self._kinds and not self.in_processes:
            share_decoder_warnings()
        tiers = [[self._member(kind, device) for device in self.devices] for kind in self._kinds]
        room = decode_room(self._settings.decode_budget_bytes)
        resize = resize_of(own) if (own := self._settings.pipeline) else self._model.manifest.recipe.resized_px
        reduces = self._settings.decode == "reduced" and not own  # of a hand-written pipeline only long resizes are known
        bound = ResizeBound(resize, self._settings.max_image_pixels, reduces)
        return Fleet(tiers, self._share or self._settings.window, self._metrics.switched, room, bound)

    def _member(self, kind: str, device: int) -> Member:
        settings = self._settings
        if not self.in_processes:
            return Member(self._engine(kind, device), str(device), Watch(stall_s=settings.engine_stall_s))
        process = EngineProcess(
            kind,
            self._program(kind, device),
            start_s=settings.engine_start_s,
            replacement=Replacement(
                growth_bytes=settings.engine_growth_bytes,
                turn=self._turn,
                count=self._metrics.replacements(kind, str(device)).inc,
            ),
            count_answer=self._metrics.device_images(kind, str(device)).inc,
            count_restart=self._metrics.restarts(kind, str(device)).inc,
        )
        return Member(process, str(device), Watch(stall_s=settings.engine_stall_s, idle_s=settings.engine_stall_s))

    def _engine(self, kind: str, device: int) -> Engine:
        """An engine in this process."""
        match kind:
            case "fake":
                return FakeEngine(self._settings.window)
            case "mxbase":
                return MxbaseEngine(lambda: self._classifier_plan(device), self._places())
            case _:
                return StreamEngine(self._stream_plan(device), self._runtime, self._cpu_options())

    def _program(self, kind: str, device: int) -> Program:
        if kind == "stream":
            return StreamProgram(self._stream_plan(device), self._runtime, self._settings.engine_python, self._cpu_options())
        if kind == "fake":
            return EngineProgram("server.engines.fake_engine:FakeEngine", lambda: {"places": self._settings.window})
        return EngineProgram("server.engines.mxbase_engine:open_in_child", partial(self._child_arguments, device))

    def _cpu_options(self) -> CpuOptions:
        settings = self._settings
        options = CpuOptions(sdk_conf=settings.sdk_conf, compile_cache=settings.compile_cache)
        return replace(options, precision=self.precision, decode=settings.decode, latency=self._latency)

    def _stream_plan(self, device: int) -> Callable[[], StreamPlan]:
        if own := self._settings.pipeline:
            return lambda: plan_own(own)
        streams = self._settings.streams_per_device or default_streams(self._runtime)
        scores = self._scores_streams(streams)
        chip, precision = self._chip(device), self.precision
        return lambda: plan_rendered(self._model, self._runtime, self._soc, streams, chip, scores_streams=scores, precision=precision)

    def _scores_streams(self, streams: int) -> int:
        """The number of streams for the scores of all classes: on a CPU as many as other streams; on a chip, with its small memory, one."""
        wanted = self._settings.full_scores
        if self._runtime == "cpu":
            return 0 if wanted == "no" else streams
        return 1 if wanted == "yes" or (wanted == "auto" and self._model.manifest.calibration) else 0

    def _child_arguments(self, device: int) -> Mapping[str, Any]:
        plan = self._classifier_plan(device)
        return {"config": plan.config, "labels": plan.labels, "runtime": plan.runtime, "places": self._places()}

    def _classifier_plan(self, device: int) -> ClassifierPlan:
        limits, chip, decode = self._limits(), self._chip(device), self._settings.decode
        return plan_classifier(self._model, self._runtime, self._soc, limits, chip, precision=self.precision, decode=decode)

    def _chip(self, device: int) -> int:
        """The device number for the SDK; a CPU is always device 0."""
        return device if self._runtime == "ascend" else 0

    def _limits(self) -> ClassifierLimits:
        # Twice the window: a cancelled image keeps its place until the classifier reaches it.
        decoders = max(2, min(CPU_STREAMS_MAX, cores() // len(self.devices)))
        return ClassifierLimits(decoders=decoders, lanes=LANES, capacity=2 * self._settings.window, latency=self._latency)

    def _places(self) -> int:
        """Images in the compiled engine: those being decoded, and batches that run, wait and gather."""
        artifact = self.artifact
        largest = artifact.batch_sizes[-1] if artifact else 1
        return min(self._settings.window, self._limits().decoders + (LANES + 1) * largest)
