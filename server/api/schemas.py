"""The description of the routes' answers. OpenAPI and this project's clients use it, and tests check every reply against it.

The hot routes write their JSON by hand and do not import this module. The clients (`server/cli/remote_evaluation.py`,
`server/cli/convert/remote_source.py`) are in server/cli, above the API: they read replies with these models, and imports still
go downward. A `title` is a model's name among the components of the OpenAPI document; generated clients of other people use it as
class name. Fields are in the order of the JSON. A reply may get further fields: readers ignore unknown ones.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from models.manifest import MAX_CLASSES, MAX_TOP_K
from pipelines.reduction import Decode
from server.api.server_paths import without_folders
from server.evaluation.jobs.evaluation_job import JobState
from server.types import Runtime, ScoreType

ModelName = Annotated[str, Field(description="Name of the model that answers.")]
ModelVersion = Annotated[str, Field(description="Its version, from its manifest.")]
Sha256 = Annotated[str, Field(description="SHA-256 in hexadecimal digits.")]
Told = Annotated[str, AfterValidator(without_folders)]
"""A text that may name files of the server."""
TimingMs = Annotated[
    dict[str, float], Field(description="Milliseconds by stage, as far as the engine measures them; `total` is the whole request so far.")
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


class CoveringClasses(_Reply, title="PredictionSet"):
    """The classes of which one is right with a probability of at least `coverage`, if the image is of the kind of the calibration's set."""

    coverage: float = Field(gt=0, lt=1, description="The coverage of the calibration that is enough for the asked one.")
    classes: list[ScoredClass] = Field(min_length=1, max_length=MAX_CLASSES, description="Best first, of any number.")


class BatchItem(_Reply):
    """The answer to one image of a batch."""

    model: ModelName
    version: ModelVersion
    engine: str = Field(description="The engine that answered.")
    score_type: ScoreType = Field(
        description="The kind of the scores: probabilities over all classes, the raw values before softmax, or calibrated probabilities."
    )
    predictions: list[ScoredClass] = Field(min_length=1, max_length=MAX_TOP_K, description="The best `top_k` classes, best first.")
    prediction_set: CoveringClasses | None = Field(None, description="Only if a `coverage` was asked for.")


class ClassifyReply(BatchItem, title="Answer", json_schema_extra={"example": ANSWER_EXAMPLE}):
    """The answer to POST /classify."""

    timing_ms: TimingMs


class BatchItemError(_Reply):
    """The reason why one image of a batch has no answer; the other images have their answers."""

    error: str = Field(description="What is wrong, and what to do.")
    code: str = Field(description="The kind of the error as one word, for programs.")


class BatchReply(_Reply, title="BatchAnswer"):
    """The answer to POST /classify/batch; `model` and `version` are the served ones at the time of the answer."""

    model: ModelName
    version: ModelVersion
    results: list[BatchItem | BatchItemError] = Field(
        description="One outcome for each image, in order: an answer, or an error and its code."
    )
    timing_ms: TimingMs


class ExplainFailure(BatchItemError, title="UnansweredCell"):
    """A cell whose covered picture got no answer."""

    row: int = Field(ge=0)
    column: int = Field(ge=0)


class ExplainReply(_Reply, title="Explanation"):
    """The answer to POST /explain: where the picture holds what speaks for a class."""

    model: ModelName
    version: ModelVersion
    engine: str = Field(description="The engine that answered for the whole picture.")
    score_type: ScoreType = Field(description="The kind of the scores.")
    explained: ScoredClass = Field(description="The class, and its score for the whole picture, reduced to some 512 pixels a side.")
    width_px: int = Field(description="Of the picture, upright.")
    height_px: int
    grid: int = Field(description="Cells a side; they divide the picture into equal parts.")
    falls: list[list[float | None]] = Field(
        description="For each cell, row by row from the top left: the score of the class, less its score when that part is covered. Below "
        "zero: covered, the class gets more. Null: see `failures`."
    )
    runs: int = Field(description="Images that the engines were asked for.")
    bounded: int = Field(description="Cells whose fall is at least that: the class left the best, and the engine tells no others.")
    failures: list[ExplainFailure]
    timing_ms: TimingMs


class ErrorReply(BatchItemError, title="Error"):
    """The body of every error."""

    request_id: str = Field(description="The id of the request, as in X-Request-Id and in the log.")


class HealthReply(_Reply, title="Health"):
    """The state of the service as one word, and the reason if it is not ready."""

    status: str
    reason: Told = ""


class ReloadReply(_Reply, title="Reloaded"):
    """The model that is served from now on."""

    model: ModelName
    version: ModelVersion
    recipe_sha256: Sha256


class UnloadReply(_Reply, title="Unloaded"):
    """The model that is served no longer."""

    model: ModelName


class ArtifactInfo(_Reply):
    """One compiled form of the model."""

    file: str = Field(description="Its name in the model's folder.")
    soc: str = Field(description="The target of the compilation: a chip, or a CPU.")
    sha256: Sha256
    batch_sizes: list[int] = Field(description="Allowed batch sizes.")
    precision: str | None = Field(None, description="f32, f16 or int8; empty for an OM that does not say it.")
    declared: bool = Field(
        default=False, description="Whether a person said what it takes and gives (`models adopt`), since the file itself does not."
    )


class EngineInfo(_Reply):
    """One engine on one chip. `process` is its process id if it has its own process; `reason` says why it is not up."""

    name: str
    device: str
    up: bool
    answers: bool = Field(description="Whether it answers images now.")
    reason: Told
    process: int | None
    restarts: int


class Limits(_Reply):
    """The limits of a request, and of the images in flight."""

    window: int = Field(description="Images in flight.")
    timeout_ms: int = Field(description="Longest time of a request in milliseconds.")
    max_body_bytes: int
    max_image_pixels: int
    max_batch_items: int
    explain: bool = Field(default=False, description="Whether POST /explain is answered; older servers do not tell.")
    explain_runs: int = Field(0, description="Most images that the engines answer for one explanation.")


class Budget(_Reply):
    """Bytes that all requests share."""

    held_bytes: int = Field(description="In use now.")
    limit_bytes: int = Field(description="More are answered 429; of decoding, they wait.")


class Budgets(_Reply):
    """The budgets of the server."""

    body: Budget = Field(description="Memory: bodies that are being read or wait for their answers.")
    decode: Budget | None = Field(None, description="Memory: pictures that are decoded, by estimate; older servers do not tell.")
    evaluation_disk: Budget = Field(description="Disk: uploads, unpacked sets and kept evaluations.")


class CalibrationInfo(_Reply):
    """The calibration of the model; `reason` says why it is not applied."""

    applied: bool = Field(description="Whether answers have calibrated probabilities.")
    reason: Told
    temperature: float
    evaluation: str = Field(description="The id of the evaluation that it was fitted on.")
    images: int = Field(description="Number of images behind the thresholds of the coverages.")
    ece_before: float = Field(description="Expected calibration error without it.")
    ece_after: float = Field(description="Expected calibration error with it, on images that it was not fitted on.")
    coverages: list[float] = Field(description="The coverages that can be had; another one gets the next larger.")


class CanaryInfo(_Reply):
    """The model that answers a share of the requests."""

    model: ModelName
    share: float = Field(description="Of the requests, 0 to 1.")


class ShadowInfo(_Reply):
    """The model whose answers are compared with this one's; counted since either got its version."""

    model: ModelName
    same: int = Field(description="Images with the same best class.")
    other: int = Field(description="Images with another best class.")
    failed: int = Field(description="Images to which the shadow had no answer.")
    dropped: int = Field(description="Images for which there was no room.")
    agreement: float | None = Field(None, description="The part of the compared images with the same best class; null before the first.")
    mean_difference: float | None = Field(None, description="Mean of the largest differences between the scores of a class.")


class ModelInfo(_Reply):
    """A served model and its engines."""

    model: ModelName
    version: ModelVersion
    description: str
    classes: int
    recipe_sha256: Sha256
    labels_sha256: Sha256
    artifacts: list[ArtifactInfo]
    calibration: CalibrationInfo | None = Field(None, description="Null if the model has none; older servers do not tell.")
    engine: str = Field(description="The engine that answers now.")
    engines: list[EngineInfo]
    precision: str | None = Field(None, description="The precision of inference; older servers do not tell.")
    pipeline: str | None = Field(description="Name of the hand-written pipeline file, if there is one.")
    decode: Decode = Field("exact", description="Whether JPEGs are decoded whole (exact), or reduced where the resize allows it.")
    memory_bytes: int = Field(0, description="Estimated memory of its engines, of MODEL_MEMORY_BYTES; older servers do not tell.")
    answers: int = Field(0, description="Images of requests that this version has answered, those that it got as a shadow too.")
    mean_ms: float | None = Field(None, description="Mean time of these from the admission to the answer; null before the first.")
    canary: CanaryInfo | None = None
    shadow: ShadowInfo | None = None


class InfoReply(ModelInfo, title="Info"):
    """The default model, all models, and the limits."""

    models: list[ModelInfo] = Field([], description="Every served model, the default first; older servers do not tell.")
    runtime: Runtime
    limits: Limits
    budgets: Budgets | None = Field(None, description="What the requests share; older servers do not tell.")


class EvaluationReply(_Reply, title="Evaluation"):
    """An evaluation and its progress; pace and accuracies cover the images so far."""

    id: str
    state: JobState
    dataset: str
    labels: str | None
    top_k: int
    limit: int | None
    map: str | None = Field(None, description="Labels that stand for several classes.")
    model: str | None = Field(None, description="Name of the model; null for the default.")
    created: datetime
    started: datetime | None
    ended: datetime | None
    total: int | None = Field(description="Number of images in the list.")
    done: int = Field(description="Number of images processed.")
    labelled: int | None = Field(None, description="Those of them with a label, which the accuracies cover; older evaluations do not tell.")
    failed: int | None = Field(None, description="Those of them without an answer.")
    images_per_s: float | None = None
    top1: float | None = None
    top1_interval: list[float] | None = Field(None, description="Wilson's 95 % interval of it.")
    topk: float | None = None
    left_s: float | None = Field(None, description="Estimated remaining time in seconds.")
    error: Told | None = Field(None, description="The reason of a failure.")
    code: str | None = Field(None, description="That of the error; older evaluations do not tell.")
    precision: str | None = Field(None, description="Precision of the inference, after the evaluation began.")
    by: Literal["server", "command line"] = Field("server", description="Who keeps the evaluation: a run of the command line is only read.")
    links: dict[str, str]
