"""What there is to say of each model, served or not: the JSON of GET /models, which the page shows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from models.manifest import CPU, ModelManifest
from models.model_errors import ClassifyError
from models.store import ModelStore
from server.api.info_routes import artifact_info, model_info
from server.api.schemas import ArtifactInfo, ModelInfo, Sha256, Told, _Reply
from server.evaluation.evaluation_errors import EvaluationError
from server.evaluation.jobs.evaluation_job import Job, JobState
from server.evaluation.jobs.evaluations import Evaluations
from server.oip.repository import READY, UNLOADED, repository_index
from server.serving.registry import RegisteredModel
from server.serving.service import Service

Pair = Annotated[list[int], Field(min_length=2, max_length=2)]
Triple = Annotated[list[float], Field(min_length=3, max_length=3)]
UNMEASURED: Mapping[str, float] = MappingProxyType({})


class RecipeInfo(_Reply):
    """How the pixels reach the network; they are 0 to 255. A resize of the short side keeps the ratio, and has one length twice."""

    sha256: Sha256
    resize: Literal["stretch", "short_side"]
    resize_px: Pair = Field(description="Width and height.")
    crop_px: Pair | None = Field(description="Width and height of the part from the middle; null: all.")
    colour_order: Literal["RGB", "BGR"]
    mean: Triple = Field(description="Subtracted from each channel.")
    std: Triple = Field(description="Then each is divided by it.")


class PrecisionInfo(_Reply):
    """A precision in which the model can be served here, as far as its artifacts go."""

    precision: str
    served: bool
    image_ms: float | None = Field(description="Milliseconds an image on one thread, if that was measured after the start.")


class GoldenInfo(_Reply):
    """The picture with a known answer, which is checked before the model serves anybody."""

    class_id: int
    score: float
    passed: bool = Field(description="Whether the served engine gave that answer when it started.")


class AccuracyInfo(_Reply):
    """What the last evaluation on this server that has ended says of the model."""

    evaluation: str = Field(description="Its id.")
    dataset: str
    ended: datetime | None
    images: int = Field(description="Images with a label.")
    top1: float
    interval: list[float] = Field(min_length=2, max_length=2, description="Of 95 %.")
    same_model: bool = Field(description="Whether it measured the version and the recipe that are served now.")


class ModelCard(_Reply):
    """A model of this server.

    `state` is READY or UNAVAILABLE, and `reason` says why; it is `unloaded` where the store has the model, and it is not served.
    """

    name: str
    version: str
    state: str
    reason: Told
    code: str = Field("", description="That of the error, if the reason is one.")
    description: str
    classes: int | None
    recipe: RecipeInfo | None
    artifacts: list[ArtifactInfo]
    precisions: list[PrecisionInfo]
    golden: GoldenInfo | None
    accuracy: AccuracyInfo | None = Field(description="Null without one, and for who may not see evaluations.")
    default: bool = Field(description="Whether it answers where a request names none.")
    served: ModelInfo | None = Field(description="As GET /info tells it; null if it is not served.")


class ModelsReply(_Reply, title="Models"):
    """Every model of this server, and what this client may do with it."""

    models: list[ModelCard]
    may_change: bool = Field(description="Whether this client may reload models, and see evaluations.")
    may_load: bool = Field(description="Whether it may also load and unload them (MODEL_CONTROL=explicit).")


def model_cards(service: Service, evaluations: Evaluations, *, may_change: bool) -> ModelsReply:
    """All cards, those of served models first. It reads files."""
    jobs = list(_finished(evaluations)) if may_change else []
    store = ModelStore(service.settings.model_store)
    cards = []
    for entry in repository_index(service, ready_only=False):
        if model := service.models.find(entry.name):
            is_default = model is service.models.default
            job = next((job for job in jobs if job.request.model == model.name or (is_default and job.request.model is None)), None)
            accuracy = _accuracy(evaluations, job, model.model.manifest) if job else None
            cards.append(_card_of_served(service, model, entry.state, entry.reason, accuracy))
        else:
            cards.append(_card_of_stored(store, entry.name))
    explicit = service.settings.model_control == "explicit"
    return ModelsReply(models=cards, may_change=may_change, may_load=may_change and explicit)


def _card_of_served(service: Service, model: RegisteredModel, state: str, reason: str, accuracy: AccuracyInfo | None) -> ModelCard:
    served, manifest = model_info(service, model), model.model.manifest
    golden = manifest.golden
    return ModelCard(
        **_of_manifest(manifest),
        state=state,
        reason=reason,
        precisions=list(_precisions(manifest, served.precision or "", model.measured_s)),
        golden=GoldenInfo(class_id=golden.class_id, score=golden.score, passed=state == READY) if golden else None,
        accuracy=accuracy,
        default=model is service.models.default,
        served=served,
    )


def _card_of_stored(store: ModelStore, name: str) -> ModelCard:
    rest: dict[str, object] = {"state": UNLOADED, "golden": None, "accuracy": None, "default": False, "served": None}
    try:
        manifest = store.open(name).manifest
    except ClassifyError as error:
        nothing: dict[str, object] = {"version": "", "description": "", "classes": None, "recipe": None, "artifacts": [], "precisions": []}
        return ModelCard.model_validate({"name": name, "reason": str(error), "code": error.code, **nothing, **rest})
    precisions = list(_precisions(manifest, "", UNMEASURED))
    return ModelCard.model_validate({**_of_manifest(manifest), "reason": "", "precisions": precisions, **rest})


def _of_manifest(manifest: ModelManifest) -> dict[str, object]:
    recipe = manifest.recipe
    return {
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "classes": manifest.classes,
        "recipe": RecipeInfo(
            sha256=recipe.sha256,
            resize=recipe.resize,
            resize_px=[recipe.resize_width_px, recipe.resize_height_px],
            crop_px=list(recipe.crop_size_px) if recipe.crop_size_px else None,
            colour_order=recipe.colour_order,
            mean=list(recipe.mean),
            std=list(recipe.std),
        ),
        "artifacts": [artifact_info(artifact) for artifact in manifest.artifacts],
    }


def _precisions(manifest: ModelManifest, served: str, measured_s: Mapping[str, float]) -> Iterator[PrecisionInfo]:
    stored = [artifact.computes for artifact in manifest.artifacts if artifact.soc == CPU]
    for precision in dict.fromkeys([*filter(None, (served, *stored)), *measured_s]):
        each_s = measured_s.get(precision)
        yield PrecisionInfo(precision=precision, served=precision == served, image_ms=None if each_s is None else round(each_s * 1000, 3))


def _finished(evaluations: Evaluations) -> Iterator[Job]:
    """Newest first."""
    try:
        yield from (job for job in evaluations.known() if job.state is JobState.FINISHED)
    except EvaluationError:
        return  # GET /evaluate says why


def _accuracy(evaluations: Evaluations, job: Job, manifest: ModelManifest) -> AccuracyInfo | None:
    try:
        report = evaluations.report(job.id)
    except EvaluationError:
        return None
    top1, measured = report.accuracy["top1"], report.manifest
    if top1.value is None or top1.interval is None:
        return None
    return AccuracyInfo(
        evaluation=job.id,
        dataset=job.request.dataset,
        ended=datetime.fromtimestamp(job.ended_s, UTC) if job.ended_s else None,
        images=top1.total,
        top1=top1.value,
        interval=list(top1.interval),
        same_model=(measured.model_version, measured.recipe_sha256) == (manifest.version, manifest.recipe.sha256)
        and measured.model_sha256 in {artifact.sha256 for artifact in manifest.artifacts},
    )
