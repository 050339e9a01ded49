"""Puts the best trial of a quantisation into the store, with the record of how it was made."""

from convert.conversion_errors import ConvertError
from convert.quantisation.onnxruntime_quantiser import METHOD, TOOL, tool_version
from convert.quantisation.picture_set import PictureSet
from convert.quantisation.search import MORE, Found, judging
from models.manifest import CPU, Artifact
from models.quantisation import Quantisation
from models.store import StoredModel, sha256_of
from models.store_writer import add_artifact


def check_found(found: Found, min_agreement: float) -> None:
    """Raise ConvertError if the best trial agrees with f32 on less than `min_agreement` of the pictures that judge it."""
    judge = judging(found.best.compared)
    if judge.share < min_agreement:
        which = "pictures of which f32 is confident" if found.best.compared.confident.total else "pictures"
        raise ConvertError(
            f"int8 and f32 have the same best class on {judge.same} of {judge.total} {which} ({judge.share:.2%}), "
            f"less than {min_agreement:.2%}.",
            MORE,
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
