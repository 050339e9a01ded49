"""The description of GET /status, as server/api/schemas.py has that of the other replies."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from server.api.schemas import ModelName, ModelVersion, Told
from server.evaluation.jobs.evaluation_job import JobState
from server.serving.history import Sample


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class EngineState(_Part):
    """One engine on one chip, as it is now."""

    name: str
    device: str
    up: bool
    restarting: bool = Field(description="Whether its process begins again, and has not failed to.")
    answers: bool = Field(description="Whether it answers images now.")
    in_flight: int = Field(description="Images that it has taken.")
    restarts: int
    reason: Told


class ModelState(_Part):
    """A served model, as it is now."""

    model: ModelName
    version: ModelVersion
    precision: str
    engine: str = Field(description="The engine that answers now.")
    in_flight: int = Field(description="Its images in the window.")
    switches: int = Field(description="How often another engine began to answer.")
    engines: list[EngineState]


class EvaluationState(_Part):
    """One of the newest evaluations."""

    id: str
    dataset: str
    model: str | None
    state: JobState
    done: int
    total: int | None
    top1: float | None
    created: datetime


class StatusReply(_Part, title="Status"):
    """The server now, and what has happened in the last ten minutes."""

    status: str = Field(description="As /health/ready says it.")
    reason: Told
    version: str = Field(description="Version of the software.")
    uptime_s: float
    now_s: float = Field(description="Seconds since 1970, on the server's clock.")
    may_change: bool = Field(description="Whether this client may use /admin and /evaluate.")
    models: list[ModelState] = Field(description="Every served model, the default first.")
    evaluations: list[EvaluationState] = Field(description="The newest ones; none for a client that may not use /evaluate.")
    every_s: float = Field(description="Seconds between two samples.")
    bounds: Annotated[dict[str, list[float]], Field(description="Upper bounds of the buckets of each kind; a last bucket has none.")]
    samples: list[Sample] = Field(description="One for each `every_s`, oldest first. What is zero is left out.")
