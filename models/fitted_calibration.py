"""A calibration of scores, as the manifest keeps it."""

from typing import Annotated, Literal

from pydantic import Field

from models.manifest_table import ManifestTable, Sha256, Share


class FittedCalibration(ManifestTable):
    """What `models calibrate` found on an evaluation. It holds for the scores of one artifact, recipe and list of labels.

    `precision` is bf16 if the evaluation ran in it, else that of the artifact; `decode` is reduced if its pictures were decoded so.
    `thresholds` has, for each coverage as a decimal ("0.95"), the largest probability of the classes before the right one with which
    a class is still in the prediction set; `images` are the images behind them. The expected calibration errors are those of images
    that the temperature was not fitted on. `evaluation` and `list_sha256` name the run and its labelled list.
    """

    temperature: Annotated[float, Field(gt=0)]
    ece_before: Share
    ece_after: Share
    images: Annotated[int, Field(ge=1)]
    evaluation: str
    list_sha256: Sha256
    artifact_sha256: Sha256
    recipe_sha256: Sha256
    labels_sha256: Sha256
    pipeline_sha256: str = ""
    precision: Literal["bf16"] | None = None
    decode: Literal["reduced"] | None = None
    thresholds: dict[Annotated[str, Field(pattern=r"^0\.[0-9]{1,3}$")], Share]
