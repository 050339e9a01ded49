"""Puts the best trial of a quantisation into the store, with the record of how it was made."""

from convert.conversion_errors import ConvertError
from convert.quantisation.f32_reference import CONFIDENT
from convert.quantisation.onnxruntime_quantiser import METHOD, TOOL, tool_version
from convert.quantisation.picture_set import PictureSet
from convert.quantisation.search import Found
from models.manifest import CPU, Artifact
from models.quantisation import Quantisation
from models.store import StoredModel, sha256_of
from models.store_writer import add_artifact

MORE = "Give more pictures, of the kind that the server will see"


def check_found(found: Found, min_agreement: float) -> None:
    """Raise ConvertError if the best trial agrees with f32 on less than `min_agreement` of the pictures of which f32 is confident."""
    confident = found.best.compared.confident
    if not confident.total:
        raise ConvertError(
            f"f32 has a probability above {CONFIDENT} on none of the {found.f32.everywhere.total} pictures that were held out, "
            "so their agreement says too little.",
            f"{MORE}; or keep the artifact as it is: --force",
        )
    if confident.share < min_agreement:
        raise ConvertError(
            f"int8 and f32 have the same best class on {confident.same} of {confident.total} pictures of which f32 is confident "
            f"({confident.share:.2%}), less than {min_agreement:.2%}.",
            f"{MORE}; or keep the artifact as it is: --force",
        )


def record_of(found: Found, pictures: PictureSet) -> Quantisation:
    """How the best trial was made, and how far it agrees with f32."""
    best = found.best
    confident = best.compared.confident
    return Quantisation(
        tool=TOOL,
        version=tool_version(),
        method=f"{METHOD}; {best.variant}",
        images=len(best.calibrated_on),
        calibration_sha256=pictures.list_sha256(best.calibrated_on),
        f32_sha256=found.artifact.sha256,
        agreement=best.compared.everywhere.share,
        agreement_confident=confident.share if confident.total else None,
    )


def keep(model: StoredModel, found: Found, quantisation: Quantisation) -> StoredModel:
    """Move the best trial into the store, in place of a former int8 artifact. Raises StoreRefused."""
    file = found.best.file
    artifact = Artifact(
        file=f"{model.manifest.name}.int8.onnx",
        sha256=sha256_of(file),
        soc=CPU,
        batch_sizes=found.artifact.batch_sizes,
        score_type=found.artifact.score_type,
        precision="int8",
        quantisation=quantisation,
    )
    return add_artifact(model, file, artifact)
