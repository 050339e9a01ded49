"""What an engine process runs: the driver of streams under the vendor's Python, or any engine of this package under ours."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from server.engines.answer import read_answer, read_full
from server.engines.plan import StreamPlan
from server.engines.probe import probe_image
from server.engines.process.protocol import FULL
from server.engines.work import InferenceRequest
from server.errors import EngineFailed, ServiceError
from server.types import ClassScore, Prediction, Runtime, ScoreType

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Launch:
    """A child to start: a module of this tree with a `main`, the Python that runs it, and the frame it starts with."""

    module: str
    python: Path = Path(sys.executable)
    config: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""

    def command(self, descriptor: int) -> list[str]:
        """What to execute; the child is imported from this tree, whatever its Python would find first."""
        boot = f"import sys; sys.path[0] = sys.argv[1]; from {self.module} import main; main()"
        return [str(self.python), "-c", boot, str(ROOT), str(descriptor)]


class Program(Protocol):
    """How to start a child, and what its frames mean."""

    @property
    def score_type(self) -> ScoreType:
        """What the scores are."""

    def launch(self) -> Launch:
        """The child to start; raises EngineUnavailable or ModelError."""

    def meta(self, request: InferenceRequest) -> object:
        """The words that go with an image."""

    def read(self, meta: Any, body: bytes) -> Prediction | ServiceError:  # noqa: ANN401 - JSON
        """What an answer of the child means; raises LookupError, TypeError or ValueError when it means nothing."""

    def close(self) -> None:
        """Remove what was written for the child."""


class StreamProgram:
    """The driver of StreamManagerApi. On a chip it imports the vendor's module, on a CPU the runtime of this tree."""

    def __init__(
        self,
        plan: Callable[[], StreamPlan],
        runtime: Runtime,
        python: Path | None = None,
        *,
        strict: bool = False,
        sdk_conf: Path | None = None,
    ) -> None:
        self._make_plan = plan
        self._runtime = runtime
        self._python = python or Path(sys.executable)
        self._options = {"refuse_damaged": True, "strict": strict, "sdk_conf": str(sdk_conf) if sdk_conf else None}
        self._plan: StreamPlan | None = None

    @property
    def score_type(self) -> ScoreType:
        """What the scores are."""
        return self._plan.score_type if self._plan else "probability"

    def launch(self) -> Launch:
        """The driver with the rendered pipeline, and a first picture."""
        self.close()
        plan = self._plan = self._make_plan()  # each time: whose files were changed meanwhile is not started with them
        on_cpu = self._runtime == "cpu"
        config = {
            "module": "pipelines.cpu.observed" if on_cpu else "StreamManagerApi",
            "path": [str(ROOT)] if on_cpu else [],
            "options": self._options if on_cpu else {},
            "pipeline": plan.text.decode(),
            "streams": plan.streams,
            "depth": plan.depth,
            "scores": plan.full.streams if plan.full else (),
        }
        return Launch("server.engines.process.stream_child", self._python, config, probe_image())

    def meta(self, request: InferenceRequest) -> str | None:
        """Which scores are wanted, if it is all of them; of the image the decoder finds out everything for itself."""
        return FULL if request.scores == "full" else None

    def read(self, meta: Any, body: bytes) -> Prediction | ServiceError:  # noqa: ANN401
        """The vendor's result."""
        code, stages_s = int(meta["code"]), {str(stage): float(elapsed_s) for stage, elapsed_s in meta["stages_s"].items()}
        if meta["scores"] == FULL:
            return read_full(code, body, self._plan.full if self._plan else None, self.score_type, stages_s)
        return read_answer(code, body, self.score_type, stages_s)

    def close(self) -> None:
        """Remove the rendered files."""
        if self._plan:
            self._plan.close()
            self._plan = None


class EngineProgram:
    """An engine of this tree in a child: `factory` is "module:function", called there with `arguments`."""

    def __init__(self, factory: str, arguments: Callable[[], Mapping[str, Any]]) -> None:
        self.score_type: ScoreType = "probability"
        self._factory = factory
        self._arguments = arguments

    def launch(self) -> Launch:
        """The child of an engine; raises what finding the arguments raises."""
        config = {"factory": self._factory, "arguments": dict(self._arguments())}
        return Launch("server.engines.process.engine_child", config=config)

    def meta(self, request: InferenceRequest) -> object:
        """What the engine must know of the image besides its bytes."""
        image = request.image
        return [request.id, request.deadline_s, image.format.value, image.width_px, image.height_px, image.orientation, request.scores]

    def read(self, meta: Any, body: bytes) -> Prediction | ServiceError:  # noqa: ANN401
        """The engine's answer; the body is the scores of all classes, where they were asked for."""
        if "error" in meta:
            return error_of(meta["error"], meta["message"], meta["remedy"])
        scores = tuple(ClassScore(int(class_id), str(label), float(score)) for class_id, label, score in meta["scores"])
        stages_s = {str(stage): float(elapsed_s) for stage, elapsed_s in meta["stages_s"].items()}
        return Prediction(scores, str(meta["engine"]), meta["score_type"], stages_s, body or None)

    def close(self) -> None:
        """Nothing was written."""


def error_of(code: str, message: str, remedy: str) -> ServiceError:
    """The error of a code; EngineFailed for one that is not known."""
    kind = next((kind for kind in ServiceError.__subclasses__() if kind.code == code), EngineFailed)
    return kind(str(message), str(remedy))
