"""The program of an engine process: the driver of streams with the vendor's Python, or an engine of this project with ours."""

import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from pipelines.cpu.runtime_options import CpuOptions
from server.engines.answer import read_answer, read_full
from server.engines.plan import StreamPlan
from server.engines.probe import damaged_image, probe_image
from server.engines.process.protocol import FULL, SLOW
from server.engines.vendor_log import remedy_at_start
from server.engines.work import InferenceRequest
from server.errors import EngineFailed, ServiceError
from server.types import ClassScore, Prediction, Runtime, ScoreType

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Launch:
    """How to start a child: a module of this project with a `main`, the Python that runs it, and its first frame.

    `remedy` is what to do if it cannot start and does not say it itself.
    """

    module: str
    python: Path = Path(sys.executable)
    config: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    remedy: str = ""

    def command(self, descriptor: int) -> list[str]:
        """The command line; the child always imports from this project, whatever else its Python would find first."""
        boot = f"import sys; sys.path[0] = sys.argv[1]; from {self.module} import main; main()"
        return [str(self.python), "-c", boot, str(ROOT), str(descriptor)]


class Program(Protocol):
    """Starts a child and interprets its frames."""

    @property
    def score_type(self) -> ScoreType:
        """The kind of the scores."""

    def launch(self) -> Launch:
        """The child to start; raises EngineUnavailable or ModelError."""

    def meta(self, request: InferenceRequest, *, slow: bool = False) -> object:
        """The JSON that goes with an image; `slow` if it takes long to decode."""

    def read(self, meta: Any, body: bytes) -> Prediction | ServiceError:  # noqa: ANN401 - JSON
        """Interpret an answer of the child; raises LookupError, TypeError or ValueError for an invalid one."""

    def close(self) -> None:
        """Remove the files written for the child."""


class StreamProgram:
    """The driver of StreamManagerApi. On a chip it imports the vendor's module, on a CPU this project's runtime."""

    def __init__(
        self,
        plan: Callable[[], StreamPlan],
        runtime: Runtime,
        python: Path | None = None,
        options: CpuOptions | None = None,
    ) -> None:
        """The options are for the CPU runtime."""
        self._make_plan = plan
        self._runtime = runtime
        self._python = python or Path(sys.executable)
        self._options = replace(options or CpuOptions(), refuse_damaged=True, early_room=True)
        self._plan: StreamPlan | None = None

    @property
    def score_type(self) -> ScoreType:
        """The kind of the scores."""
        return self._plan.score_type if self._plan else "probability"

    def launch(self) -> Launch:
        """The driver with the rendered pipeline and a warm-up picture."""
        self.close()
        plan = self._plan = self._make_plan()  # rendered at each start, so that changed or damaged files are noticed
        on_cpu = self._runtime == "cpu"
        config = {
            "module": "pipelines.cpu.observed" if on_cpu else "StreamManagerApi",
            "path": [str(ROOT)] if on_cpu else [],
            "options": self._options.as_config() if on_cpu else {},
            "pipeline": plan.text.decode(),
            "streams": plan.streams,
            "depth": plan.depth,
            "scores": plan.full.streams if plan.full else (),
            "damaged": b64encode(damaged_image()).decode(),
        }
        remedy = "" if on_cpu else remedy_at_start()
        return Launch("server.engines.process.stream_child", self._python, config, probe_image(), remedy)

    def meta(self, request: InferenceRequest, *, slow: bool = False) -> list[str]:
        """FULL if all scores are wanted, and SLOW; the decoder finds the image's other facts itself."""
        return [FULL] * (request.scores == "full") + [SLOW] * slow

    def read(self, meta: Any, body: bytes) -> Prediction | ServiceError:  # noqa: ANN401
        """Interpret the vendor's result."""
        code, stages_s = int(meta["code"]), {str(stage): float(elapsed_s) for stage, elapsed_s in meta["stages_s"].items()}
        if meta["full"]:
            return read_full(code, body, self._plan.full if self._plan else None, self.score_type, stages_s)
        return read_answer(code, body, self.score_type, stages_s)

    def close(self) -> None:
        """Remove the rendered files."""
        if self._plan:
            self._plan.close()
            self._plan = None


class EngineProgram:
    """An engine of this project in a child: `factory` is "module:function"; the child calls it with `arguments`."""

    def __init__(self, factory: str, arguments: Callable[[], Mapping[str, Any]]) -> None:
        self.score_type: ScoreType = "probability"
        self._factory = factory
        self._arguments = arguments

    def launch(self) -> Launch:
        """The child of an engine; raises the errors of the function that makes the arguments."""
        config = {"factory": self._factory, "arguments": dict(self._arguments())}
        return Launch("server.engines.process.engine_child", config=config)

    def meta(self, request: InferenceRequest, *, slow: bool = False) -> object:  # noqa: ARG002 - the child tells it from the cost
        """The facts that the engine needs with the bytes of the image."""
        image = request.image
        size = (image.width_px, image.height_px)
        return [request.id, request.deadline_s, image.format.value, *size, image.orientation, image.decode_s, request.scores]

    def read(self, meta: Any, body: bytes) -> Prediction | ServiceError:  # noqa: ANN401
        """Interpret the engine's answer; the body holds the scores of all classes, if they were requested."""
        if "error" in meta:
            return error_of(meta["error"], meta["message"], meta["remedy"])
        scores = tuple(ClassScore(int(class_id), str(label), float(score)) for class_id, label, score in meta["scores"])
        stages_s = {str(stage): float(elapsed_s) for stage, elapsed_s in meta["stages_s"].items()}
        return Prediction(scores, str(meta["engine"]), meta["score_type"], stages_s, body or None)

    def close(self) -> None:
        """Do nothing: there are no files."""


def error_of(code: str, message: str, remedy: str) -> ServiceError:
    """The error with this code; EngineFailed for an unknown one."""
    kind = next((kind for kind in ServiceError.__subclasses__() if kind.code == code), EngineFailed)
    return kind(str(message), str(remedy))
