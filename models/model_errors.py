"""The root of the project's error tree, and the branch of the models.

ClassifyError
├─ ModelError                 a model that cannot be used or put into the store
│  ├─ ManifestInvalid         manifest.toml does not follow the schema
│  ├─ ModelNotFound           the model is neither in the store nor in the zoo
│  ├─ ModelNotPrepared        the zoo knows the model, but the store has no artifact of it yet
│  ├─ ArtifactDamaged         a file is missing, or its sha256 differs from the manifest's
│  ├─ ArtifactStale           an intact artifact was made for another manifest: another recipe, version, name, number of classes
│  └─ StoreRefused            the store, or the folder of a file, refuses a write
├─ TrainingError              see models/training/training_errors.py
├─ PipelineError              see pipelines/pipeline_errors.py
├─ StatisticsMissing          see pipelines/pipeline_errors.py
├─ ResultsInvalid             see pipelines/pipeline_errors.py
├─ ConvertError               see convert/conversion_errors.py
├─ SettingInvalid             see server/setting_sources.py
├─ ServiceError               see server/errors.py
├─ FileError                  see server/images/file_errors.py
├─ EvaluationError            see server/evaluation/evaluation_errors.py
├─ ParityError                see server/parity/parity_errors.py
├─ PortTaken                  see server/http/address.py
└─ ClusterUnready             see server/ray/ray_cluster.py

These classes do not know their HTTP status: server/api/statuses.py has it.
"""

from typing import ClassVar


class ClassifyError(Exception):
    """Base class of every error of this project: says what happened, where, and what to do (`remedy`)."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ModelError(ClassifyError):
    """A model that cannot be used, or put into the store, as it stands.

    Do what the message says of this model.
    """

    code = "model_error"


class ManifestInvalid(ModelError):
    """manifest.toml is not what the schema says.

    Correct the named key of manifest.toml, or prepare or import the model again.
    """

    code = "manifest_invalid"


class ModelNotFound(ModelError):
    """No such model in the store or in the zoo.

    Correct the name: `ascend-classify models list` shows what there is. MODEL_STORE names the folder.
    """

    code = "model_not_found"


class ModelNotPrepared(ModelError):
    """The zoo knows the model, the store holds no artifact of it yet.

    Run `ascend-classify models prepare NAME`; for an Ascend chip also `ascend-classify convert atc NAME`.
    """

    code = "model_not_prepared"


class ArtifactDamaged(ModelError):
    """A file of the model is missing, or its sha256 is not the one in the manifest.

    Prepare or import the model again, or put the file of the manifest back.
    """

    code = "artifact_damaged"


class ArtifactStale(ModelError):
    """An artifact is intact, but was made for another recipe, version, name or number of classes than the manifest has.

    Run the command of the message, which makes the artifact as the manifest says; or take back the change of manifest.toml.
    """

    code = "artifact_stale"


class StoreRefused(ModelError):
    """The store, or the folder of a file, does not take what should be written: no room, or another's files at stake.

    Make room, take another name, or say --force if the message offers it.
    """

    code = "convert_error"  # the converter raised this error first, and scripts know its code
