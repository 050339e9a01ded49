"""The engines that the contract is held against, each with pictures whose answers are known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.classifier_config import ClassifierLimits
from pipelines.cpu.runtime_options import CpuOptions
from server.cli.flags import load_settings
from server.engines.assembly import EngineAssembly
from server.engines.fake_engine import FakeEngine, fake_prediction
from server.engines.fleet.fleet import Fleet
from server.engines.fleet.member import Member
from server.engines.mxbase_engine import MxbaseEngine
from server.engines.plan import plan_classifier, plan_rendered
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import EngineProgram, StreamProgram
from server.engines.stream_engine import StreamEngine
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import EncodedImage, ImageFormat
from tests.ascend_double.double import AscendDouble, store_om_model
from tests.level_model import level_image, level_png, level_scores, store_level_model

STRICT = CpuOptions(strict=True, race=True)


@dataclass(frozen=True)
class Subject:
    """One engine under test, alone in a fleet of a given capacity.

    `scored` pictures come with the scores of all classes, which are not those of one class alone. `slow` ones keep it busy for some
    20 ms each; `broken` is one it cannot decode.
    """

    make: Callable[[int], Fleet]
    image: Callable[[int], EncodedImage]
    expected: Callable[[int], int]
    scored: Callable[[int], tuple[EncodedImage, NDArray[np.float64]]]
    slow: Callable[[int], EncodedImage]
    broken: EncodedImage


def fake_subject(_folder: Path) -> Subject:
    """The engine without a model."""

    def image(number: int) -> EncodedImage:
        return EncodedImage(f"picture {number}".encode(), ImageFormat.PNG, 1, 1)

    return Subject(
        make=lambda capacity: Fleet.of(FakeEngine(latency_s=0.005), capacity),
        image=image,
        expected=lambda number: fake_prediction(image(number)).scores[0].class_id,
        scored=lambda number: (image(number), np.array([score.score for score in sorted(fake_prediction(image(number)).scores)])),
        slow=image,
        broken=EncodedImage(b"FAKE-DAMAGE", ImageFormat.PNG, 1, 1),
    )


def _stream_subject(folder: Path, batch_sizes: tuple[int, ...], *, strict: bool = False) -> Subject:
    model = store_level_model(folder, batch_sizes=batch_sizes)
    return Subject(
        make=lambda capacity: Fleet.of(
            StreamEngine(lambda: plan_rendered(model, "cpu", "", 2), "cpu", options=STRICT if strict else None), capacity
        ),
        image=lambda number: level_image(number % 64),
        expected=lambda number: number % 64,
        scored=lambda number: (EncodedImage(level_png(number % 250), ImageFormat.PNG, 48, 48), level_scores(number % 250)),
        slow=lambda number: level_image(number % 64, side_px=1800),
        broken=EncodedImage(b"\x89PNG\r\n\x1a\nnothing", ImageFormat.PNG, 1, 1),
    )


def _stream_process(folder: Path, batch_sizes: tuple[int, ...], *, strict: bool) -> Subject:
    model = store_level_model(folder / "child", batch_sizes=batch_sizes)

    def make(capacity: int) -> Fleet:
        return Fleet.of(
            EngineProcess("stream", StreamProgram(lambda: plan_rendered(model, "cpu", "", 2), "cpu", options=STRICT if strict else None)),
            capacity,
        )

    return replace(_stream_subject(folder / "here", batch_sizes), make=make)


def _mxbase(folder: Path, batch_sizes: tuple[int, ...]) -> Subject:
    """The compiled engine in this process."""
    model = store_level_model(folder, batch_sizes=batch_sizes)
    limits = ClassifierLimits(decoders=2, lanes=2, capacity=64)
    make = lambda capacity: Fleet.of(MxbaseEngine(lambda: plan_classifier(model, "cpu", "", limits), capacity), capacity)  # noqa: E731
    return replace(_stream_subject(folder / "unused", (1,)), make=make, slow=lambda number: level_image(number % 64, side_px=2400))


def _mxbase_process(folder: Path) -> Subject:
    model = store_level_model(folder)
    settings = load_settings(engines="mxbase", engine_processes="yes", runtime="cpu")

    def make(capacity: int) -> Fleet:
        return EngineAssembly(settings.model_copy(update={"window": capacity}), model, "cpu", ModelMetrics(Metrics(), "level")).fleet()

    return replace(_stream_subject(folder / "unused", (1,)), make=make, slow=lambda number: level_image(number % 64, side_px=2400))


def _ascend_double(folder: Path) -> Subject:
    """A chip of the double, driven through child and driver as on Ascend."""
    model, double = store_om_model(folder / "store"), AscendDouble(folder / "python")

    def make(capacity: int) -> Fleet:
        program = StreamProgram(lambda: plan_rendered(model, "ascend", "Ascend310", 2), "ascend", double.python)
        return Fleet.of(EngineProcess("stream", program), capacity)

    return replace(_stream_subject(folder / "unused", (1,)), make=make)


def _fake_process(folder: Path) -> Subject:
    def make(capacity: int) -> Fleet:
        program = EngineProgram("server.engines.fake_engine:FakeEngine", lambda: {"places": 4, "latency_s": 0.005})
        return Fleet.of(EngineProcess("fake", program), capacity)

    return replace(fake_subject(folder), make=make)


def _two(folder: Path, *, tiers: bool) -> Subject:
    """A strict stream in a child, and one in this process: two chips of one tier, or one behind the other."""
    child, here = _stream_process(folder, (1,), strict=True), _stream_subject(folder, (1,))

    def make(capacity: int) -> Fleet:
        first, second = (Member(subject.make(1).members[0].engine, str(device)) for device, subject in enumerate((child, here)))
        return Fleet([[first], [second]] if tiers else [[first, second]], capacity)

    return replace(here, make=make)


COMPILED: dict[str, Callable[[Path], Subject]] = {
    "mxbase": lambda folder: _mxbase(folder, (1,)),
    "mxbase-batch-sizes": lambda folder: _mxbase(folder, (1, 2, 4, 8)),
    "mxbase-process": _mxbase_process,
}
SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "fake": fake_subject,
    "stream": lambda folder: _stream_subject(folder, (1,)),
    "stream-static-batch": lambda folder: _stream_subject(folder, (4,)),
    "stream-batch-sizes": lambda folder: _stream_subject(folder, (1, 2, 4, 8)),
    "stream-strict": lambda folder: _stream_subject(folder, (1,), strict=True),
    "stream-process": lambda folder: _stream_process(folder, (1,), strict=False),
    "stream-process-strict": lambda folder: _stream_process(folder, (1,), strict=True),
    "stream-process-strict-batch-sizes": lambda folder: _stream_process(folder, (1, 2, 4, 8), strict=True),
    "fake-process": _fake_process,
    "ascend-double": _ascend_double,
    **(COMPILED if find_spec("mxclassify") else {}),
    "chips": lambda folder: _two(folder, tiers=False),
    "tiers": lambda folder: _two(folder, tiers=True),
    "stream-strict-batch-sizes": lambda folder: _stream_subject(folder, (1, 2, 4, 8), strict=True),
}
