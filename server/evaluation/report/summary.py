"""The summary of a run in the format of the SDK's samples."""

from pipelines.task_metric import TaskMetric
from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.report.report import Report


def seed_summary(report: Report) -> dict[str, object]:
    """The samples' "Overall statistical evaluation", over all listed images with a label; raises RunInvalid without labels.

    "Number of classes" is the number of distinct classes of the labels, where the samples print k.
    """
    images = report.denominators.labelled
    if not images:
        raise RunInvalid("No image of this run has a label.", "Without labels there is no accuracy.")
    classes = sum(row.support > 0 for row in report.per_class)
    return TaskMetric(images, classes, tuple(share.correct for share in report.accuracy.values())).summary()
