"""The summary of a run as the SDK's samples write it."""

from pipelines.task_metric import TaskMetric
from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.report.report import Report


def seed_summary(report: Report) -> dict[str, object]:
    """The samples' "Overall statistical evaluation", over all listed images with a label; raises RunInvalid where there is none.

    "Number of classes" is the number of distinct classes of the labels, where the samples print k.
    """
    images = report.denominators.labelled
    if not images:
        raise RunInvalid("No image of this run has a label.", "There is no accuracy to sum up.")
    classes = sum(row.support > 0 for row in report.per_class)
    return TaskMetric(images, classes, tuple(share.correct for share in report.accuracy.values())).summary()
