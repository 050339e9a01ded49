"""The errors of training, a branch of the tree in models/model_errors.py.

TrainingError              a training, evaluation or export that cannot go on
├─ ConfigInvalid           a key or value of the configuration that cannot be
├─ DataInvalid             a data set that cannot be used: a wrong path, an empty class folder, an image that cannot be read
├─ DeviceUnavailable       the device or number format asked for is not to be had here
├─ CheckpointUnfit         a checkpoint that is damaged, or of another architecture
├─ TrainingDiverged        the loss is not a number any more
├─ TrainingInterrupted     someone stopped it; it can go on
└─ ExportFailed            the network cannot be written in that format here
"""

from models.model_errors import ClassifyError


class TrainingError(ClassifyError):
    """A training, evaluation or export that cannot go on."""

    code = "training_error"


class ConfigInvalid(TrainingError):
    """A key or value of the configuration that cannot be."""

    code = "config_invalid"


class DataInvalid(TrainingError):
    """A data set that cannot be used: a wrong path, an empty class folder, an image that cannot be read."""

    code = "data_invalid"


class DeviceUnavailable(TrainingError):
    """The device or number format asked for is not to be had here."""

    code = "device_unavailable"


class CheckpointUnfit(TrainingError):
    """A checkpoint that is damaged, or of another architecture."""

    code = "checkpoint_unfit"


class TrainingDiverged(TrainingError):
    """The loss is not a number any more."""

    code = "training_diverged"


class TrainingInterrupted(TrainingError):
    """Someone stopped it; it can go on."""

    code = "training_interrupted"


class ExportFailed(TrainingError):
    """The network cannot be written in that format here."""

    code = "export_failed"
