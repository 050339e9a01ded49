"""An evaluation: the request, the stored record, and its states."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.manifest import MAX_TOP_K


class JobState(StrEnum):
    """The state of an evaluation."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    """Of the command line: it runs there, or was interrupted there. The server cannot know which."""

    @property
    def over(self) -> bool:
        """Whether this server does nothing more for the evaluation."""
        return self in (JobState.FINISHED, JobState.CANCELLED, JobState.FAILED, JobState.UNFINISHED)


class EvaluationRequest(BaseModel):
    """A request for a measurement: a data set below one of the configured roots, and its list of labels if it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dataset: str = Field(min_length=1, max_length=1000, description="Name of a root, or root/folder below it.", examples=["val"])
    labels: str | None = Field(None, max_length=1000, description="List of labels, relative to the data set.", examples=["val_label.txt"])
    top_k: int = Field(5, ge=1, le=MAX_TOP_K, description="Largest k of the accuracies.")
    limit: int | None = Field(None, ge=1, description="Measure at most this many images, evenly spread over the list.")
    map: str | None = Field(
        None,
        max_length=10_000,
        description="Labels that stand for several classes: ids, ranges, synsets or names.",
        examples=["cat=281-285,dog=151-268"],
    )
    model: str | None = Field(None, max_length=64, description="Name of the model; without one the default.")


class Job(BaseModel):
    """The record of one evaluation. Times are seconds since 1970; pace and accuracies cover the images with a label so far.

    `labelled` is the number of these. Evaluations of earlier versions do not have it, nor `failed`, the images without an answer, nor the
    `code` of the error.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    state: JobState
    request: EvaluationRequest
    uploaded: bool = False
    created_s: float
    started_s: float | None = None
    ended_s: float | None = None
    total: int | None = None
    done: int = 0
    labelled: int | None = None
    failed: int | None = None
    images_per_s: float | None = None
    top1: float | None = None
    topk: float | None = None
    error: str | None = None
    code: str | None = None
    by_command_line: Annotated[bool, Field(exclude=True)] = False
