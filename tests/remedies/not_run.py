"""Errors without a scenario, and why."""

_BRANCH = "a branch of the tree: its children are raised"
_TRAINING = "its environment has MindSpore, which is not beside the server: make test-training runs tests/models/training"
_ENGINE = "an engine must fail in its process: make chaos kills, stops and starves engines, and the same request goes afterwards"

NOT_RUN = {
    "FileError": _BRANCH,
    "ModelError": _BRANCH,
    "TrainingError": _TRAINING,
    "CheckpointUnfit": _TRAINING,
    "ConfigInvalid": _TRAINING,
    "DataInvalid": _TRAINING,
    "DeviceUnavailable": _TRAINING,
    "ExportFailed": _TRAINING,
    "TrainingDiverged": _TRAINING,
    "TrainingInterrupted": _TRAINING,
    "EngineFailed": _ENGINE,
    "EngineLost": _ENGINE,
    "StreamFull": _ENGINE,
    "ClusterUnready": "its environment has Ray: make test-ray starts a cluster and runs ray up, status and down on it",
    "RemoteFull": "a server must be full for a minute: tests/server/cli/convert/test_remote_source.py has one that is full for a moment",
    "InternalError": "a fault of ours, which nobody outside mends: tests/server/test_app.py sees that its id leads to the log",
}
