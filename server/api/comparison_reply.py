"""What GET /evaluate/compare answers: two evaluations on their common images."""

from typing import Annotated, Literal

from pydantic import Field

from server.api.schemas import _Reply
from server.evaluation.report.intervals import Share
from server.evaluation.report.run_comparison import Comparison
from server.evaluation.run.run_manifest import in_words

Interval = Annotated[list[float], Field(min_length=2, max_length=2)]


class ComparedAccuracy(_Reply, title="ComparedAccuracy"):
    """A share of images with its Wilson 95 % interval; both are null without images."""

    value: float | None
    interval: Interval | None
    correct: int
    total: int


class ChangedClass(_Reply, title="ChangedClass"):
    """How many of a class's images each evaluation got right."""

    class_id: int
    label: str
    images: int
    right_a: int
    right_b: int


class FlippedImageReply(_Reply, title="FlippedImage"):
    """An image that one evaluation alone got right. A prediction is a class id, null for an image without an answer."""

    name: str
    right: Literal["a", "b"] = Field(description="Which one got it right.")
    label: int
    predicted_a: int | None
    predicted_b: int | None


class ComparisonReply(_Reply, title="Comparison"):
    """Two evaluations, image by image. An image without an answer counts as wrong, and agrees with nothing."""

    a: str = Field(description="Id of the first.")
    b: str = Field(description="Id of the second.")
    common: int = Field(description="Images in common, by name; all figures below cover these.")
    only_in_a: int
    only_in_b: int
    labelled: int = Field(description="Those with a label, which all but the agreement cover.")
    agreement: ComparedAccuracy = Field(description="Share with the same best class.")
    top1_a: ComparedAccuracy
    top1_b: ComparedAccuracy
    difference: float | None = Field(description="Top-1 of B minus that of A; null without labels.")
    difference_interval: Interval | None = Field(description="Its 95 % interval (Bonett and Price).")
    p: float = Field(description="McNemar's exact two-sided p.")
    both_right: int
    only_a_right: int
    only_b_right: int
    both_wrong: int
    per_class: list[ChangedClass] = Field(description="Largest changes first.")
    flipped: list[FlippedImageReply] = Field(description="At most 30 of each kind, those of which the other was surest, by turns.")
    manifest_differences: dict[str, list[str]] = Field(description="What differs in the manifests: of A, of B.")


_COUNTS = {"class_id", "images", "right_a", "right_b"}


def comparison_reply(a: str, b: str, both: Comparison) -> ComparisonReply:
    """The reply about evaluations `a` and `b`."""
    return ComparisonReply(
        a=a,
        b=b,
        **both.model_dump(include={"common", "labelled", "both_right", "both_wrong"}),
        only_in_a=both.only_a,
        only_in_b=both.only_b,
        agreement=_accuracy(both.agreement),
        top1_a=_accuracy(both.accuracy_a),
        top1_b=_accuracy(both.accuracy_b),
        difference=both.difference,
        difference_interval=list(both.interval) if both.interval else None,
        p=both.mcnemar_p,
        only_a_right=both.a_right_b_wrong,
        only_b_right=both.a_wrong_b_right,
        per_class=[ChangedClass(**row.model_dump(include=_COUNTS), label=row.name) for row in both.classes],
        flipped=[FlippedImageReply.model_validate(image, from_attributes=True) for image in both.flipped],
        manifest_differences={name: [in_words(a), in_words(b)] for name, (a, b) in both.manifest_differences.items()},
    )


def _accuracy(share: Share) -> ComparedAccuracy:
    interval = list(share.interval) if share.interval else None
    return ComparedAccuracy(value=share.value, interval=interval, correct=share.correct, total=share.total)
