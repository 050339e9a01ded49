"""What the tables of a manifest have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class ManifestTable(BaseModel):
    """A table of a manifest: it never changes, and has no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
