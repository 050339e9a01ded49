"""The one description of what the routes answer: OpenAPI and our own clients come from it, and tests hold every reply to it.

The hot routes write their JSON by hand and import nothing of this. The clients (`server/cli/remote_evaluation.py`,
`server/cli/convert/remote_source.py`) stand above the API with the command line, their only user, so that they read replies by
these models and imports still go downward. A `title` is a model's name among the components of the OpenAPI document, which other
people's generated clients bear. Fields are in the order of the JSON. What is not described may be added: readers ignore it.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.manifest import MAX_TOP_K
from server.evaluation.jobs.evaluation_job import JobState
from server.types import Runtime, ScoreType

ModelName = Annotated[str, Field(description="Name of the model that answers.")]
ModelVersion = Annotated[str, Field(description="Its version, from its manifest.")]
Sha256 = Annotated[str, Field(description="SHA-256 in hexadecimal digits.")]
TimingMs = Annotated[
    dict[str, float], Field(description="Milliseconds by stage, those that the engine can see; `total` is the whole request so far.")
]

ANSWER_EXAMPLE = {
    "model": "efficientnet_lite0",
    "version": "1",
    "engine": "stream",
    "score_type": "probability",
    "predictions": [{"class_id": 285, "label": "Egyptian cat", "score": 0.79}],
    "timing_ms": {"read": 0.2, "decode": 2.1, "resize": 0.2, "infer": 9.8, "total": 12.9},
}


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class ScoredClass(_Reply, title="Prediction"):
    """One class and its score."""

    class_id: int = Field(ge=0, description="Number of the class, from 0.")
    label: str = Field(description="Its name.")
    score: float = Field(description="A probability from 0 to 1, or any number if `score_type` says `logit`.")


class BatchItem(_Reply):
    """The answer to one image of a batch."""

    model: ModelName
    version: ModelVersion
    engine: str = Field(description="The engine that answered.")
    score_type: ScoreType = Field(description="What the scores are: probabilities over all classes, or the raw values before softmax.")
    predictions: list[ScoredClass] = Field(min_length=1, max_length=MAX_TOP_K, description="The best `top_k` classes, best first.")


class ClassifyReply(BatchItem, title="Answer", json_schema_extra={"example": ANSWER_EXAMPLE}):
    """The answer to POST /classify."""

    timing_ms: TimingMs


class BatchItemError(_Reply):
    """Why one image of a batch has no answer; its neighbours have theirs."""

    error: str = Field(description="What is wrong, and what to do about it.")
    code: str = Field(description="The same in one word, for programs.")


class BatchReply(_Reply, title="BatchAnswer"):
    """The answer to POST /classify/batch; `model` and `version` are those that are served when it is sent."""

    model: ModelName
    version: ModelVersion
    results: list[BatchItem | BatchItemError] = Field(
        description="One outcome for each image, in order: an answer, or an error and its code."
    )
    timing_ms: TimingMs


class ErrorReply(BatchItemError, title="Error"):
    """The body of every refusal and fault."""

    request_id: str = Field(description="The id of the request, as in X-Request-Id and in the log.")


class HealthReply(_Reply, title="Health"):
    """The state of the service, in a word and with the reason if it is not well."""

    status: str
    reason: str = ""


class ReloadReply(_Reply, title="Reloaded"):
    """What is served from now on."""

    model: ModelName
    version: ModelVersion
    recipe_sha256: Sha256


class ArtifactInfo(_Reply):
    """One compiled form of the model."""

    file: str = Field(description="Its name in the model's folder.")
    soc: str = Field(description="What it is compiled for: a chip, or a CPU.")
    sha256: Sha256
    batch_sizes: list[int] = Field(description="Images that it takes at once.")


class EngineInfo(_Reply):
    """One engine on one chip. `process` is its process id if it has one of its own, `reason` says why it is not up."""

    name: str
    device: str
    up: bool
    answers: bool = Field(description="Whether images go to it now.")
    reason: str
    process: int | None
    restarts: int


class Limits(_Reply):
    """What a request may hold, and how many may be under way."""

    window: int = Field(description="Images in flight.")
    timeout_ms: int = Field(description="Milliseconds that a request may take.")
    max_body_bytes: int
    max_image_pixels: int
    max_batch_items: int


class InfoReply(_Reply, title="Info"):
    """What is served, by what, within which limits."""

    model: ModelName
    version: ModelVersion
    description: str
    classes: int
    recipe_sha256: Sha256
    labels_sha256: Sha256
    artifacts: list[ArtifactInfo]
    engine: str = Field(description="The engine that answers now.")
    engines: list[EngineInfo]
    runtime: Runtime
    pipeline: str | None = Field(description="The hand-written pipeline file, if there is one.")
    limits: Limits


class EvaluationReply(_Reply, title="Evaluation"):
    """An evaluation and how far it is; pace and accuracies are of the images so far."""

    id: str
    state: JobState
    dataset: str
    labels: str | None
    top_k: int
    limit: int | None
    created: datetime
    started: datetime | None
    ended: datetime | None
    total: int | None = Field(description="Images of the list.")
    done: int = Field(description="Images that have been tried.")
    images_per_s: float | None = None
    top1: float | None = None
    topk: float | None = None
    left_s: float | None = Field(None, description="Seconds that are left, if it goes on like this.")
    error: str | None = Field(None, description="Why it failed.")
    links: dict[str, str]
