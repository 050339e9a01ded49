"""The origin of an int8 artifact, as the manifest keeps it."""

from typing import Annotated

from pydantic import Field

from models.manifest_table import ManifestTable, Sha256, Share


class Quantisation(ManifestTable):
    """How an int8 artifact was made of the float32 artifact with `f32_sha256`, and how far it agrees with it.

    `calibration_sha256` is the hash of the sorted hashes of the `images` of the calibration. `agreement` is the share of other pictures
    with the same best class, `agreement_confident` that of those whose float32 score is above 0.5. `accuracy_difference` is paired, int8
    minus float32, with its 95 % interval, on `accuracy_images` labelled images.
    """

    tool: str
    version: str
    method: str
    images: Annotated[int, Field(ge=1)]
    calibration_sha256: Sha256
    f32_sha256: Sha256
    agreement: Share
    agreement_confident: Share | None = None
    accuracy_difference: float | None = None
    accuracy_interval: tuple[float, float] | None = None
    accuracy_images: int | None = None
