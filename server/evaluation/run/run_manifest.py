"""The manifest of a run: everything its figures depend on."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from server.types import ScoreType

# What may differ between a run and its continuation.
_TIMES = ("started_at", "ended_at")


class RunManifest(BaseModel):
    """What was measured, by what, on what; times are ISO 8601.

    `pipeline_sha256` is that of a hand-written pipeline; `listed` and `labelled` count the list; `top_k` is how many classes are
    looked at; `gears` are the batch sizes the artifact has; `precision` is the inference's, as f32; `list_sha256` covers names and
    labels in their order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    model: str
    model_version: str
    model_sha256: str
    recipe_sha256: str
    labels_sha256: str
    pipeline_sha256: str = ""
    dataset: str
    dataset_format: str
    dataset_notes: tuple[str, ...] = ()
    list_sha256: str
    listed: int
    labelled: int
    classes: int
    top_k: int = 5
    limit: int | None = None
    engine: str
    runtime: str
    score_type: ScoreType = "probability"
    precision: str = ""
    gears: tuple[int, ...] = ()
    versions: dict[str, str] = {}
    machine: dict[str, str] = {}
    started_at: str = ""
    ended_at: str = ""

    @field_validator("runtime")
    @classmethod
    def _runtime_of_today(cls, word: str) -> str:
        """What the CPU runtime was called before: such a run is the same run, to be read, compared and gone on with."""
        return "cpu" if word == "host" else word

    def differences(self, other: "RunManifest") -> dict[str, tuple[object, object]]:
        """The fields, but for times, in which two runs differ: a run is only continued if there is none."""
        mine, theirs = self.model_dump(), other.model_dump()
        return {name: (mine[name], theirs[name]) for name in mine if name not in _TIMES and mine[name] != theirs[name]}
