"""What a report's page says that depends on the figures, in the words of a language."""

from collections.abc import Iterator, Mapping
from math import isqrt

from server.evaluation.report.accuracy import Denominators
from server.evaluation.report.calibration import ClassCalibration
from server.evaluation.report.found_words import restated
from server.evaluation.report.picture_kinds import SizeRow
from server.evaluation.report.report import Report
from server.evaluation.report.report_page import percent
from server.evaluation.run.run_manifest import RunManifest
from server.words.language import Language

Words = Mapping[str, str]

_NOTHING = "\N{EN DASH}"
_SENTENCE_ENDS = (".", "。")


def totals(counts: Denominators, say: Words) -> list[tuple[str, int, bool]]:
    """The number of images of each kind: its name, and whether it is a part of the one above."""
    return [
        (say["listed"], counts.listed, False),
        (say["attempted"], counts.attempted, False),
        (say["decoded"], counts.decoded, True),
        *((say["failed_by"].format(outcome=outcome), count, True) for outcome, count in counts.failed.items()),
        (say["not_attempted"], counts.not_attempted, False),
        (say["labelled"], counts.labelled, False),
        (say["labelled_decoded"], counts.labelled_decoded, True),
        (say["tied"], counts.tied, True),
        (say["unlabelled"], counts.unlabelled, False),
    ]


def confidence_words(report: Report, say: Words) -> str:
    """What stands above the plots of confidence."""
    found, fitted = report.calibration, report.manifest.calibration
    words = []
    if found:
        words.append(
            say["calibration_about"].format(
                ece=f"{found.ece:.4f}",
                mce=f"{found.mce:.4f}",
                confidence=percent(found.mean_confidence),
                images=f"{report.denominators.labelled_decoded:,}",
            )
        )
    elif report.manifest.score_type != "probability":
        words.append(say["not_probabilities"])
    elif report.manifest.grouped:
        words.append(say["groups"])
    if fitted is None:
        words.append(say["uncalibrated"])
    else:
        words.append(
            say["calibrated"].format(
                temperature=f"{fitted.temperature:.4f}",
                evaluation=fitted.evaluation,
                images=f"{fitted.images:,}",
                before=f"{fitted.ece_before:.4f}",
                after=f"{fitted.ece_after:.4f}",
            )
        )
    return " ".join(words)


def plot_alternatives(report: Report, say: Words) -> dict[str, str]:
    """What a plot shows, for who does not see it; plots beside a table of their figures need none."""
    alternatives = {}
    if found := report.calibration:
        filled = [each for each in found.bins if each.count]
        over = sum((each.accuracy or 0) < (each.confidence or 0) for each in filled)
        alternatives["reliability"] = say["alt_reliability"].format(bins=len(filled), over=over, mce=f"{found.mce:.4f}")
        last, total = found.bins[-1], sum(each.count for each in filled)
        alternatives["confidence"] = say["alt_confidence"].format(
            images=f"{last.count:,}", total=f"{total:,}", right=f"{last.correct:,}", from_=percent(last.lower, 0)
        )
    recalls = [row.recall for row in report.per_class if row.recall is not None]
    if recalls:
        whole = sum(recall == 1 for recall in recalls)
        alternatives["recall"] = say["alt_recall"].format(whole=whole, classes=len(recalls), lowest=percent(min(recalls)))
    return alternatives


def class_verdict(row: ClassCalibration) -> str:
    """The word for where the mean confidence lies: in the interval of the accuracy, above it or below."""
    low, high = row.accuracy.interval or (0.0, 1.0)
    return "too_sure" if row.confidence > high else "too_cautious" if row.confidence < low else "as_measured"


def size_words(row: SizeRow, say: Words) -> str:
    """The bounds of a size as sides of squares."""
    if row.below_px is None:
        return say["size_above"].format(side=isqrt(row.from_px))
    if not row.from_px:
        return say["size_below"].format(side=isqrt(row.below_px))
    return say["size_between"].format(low=isqrt(row.from_px), high=isqrt(row.below_px))


def manifest_words(manifest: RunManifest, fields: Words, language: Language) -> Iterator[tuple[str, str]]:
    """Every field of the manifest, its name and its value."""
    for name, value in manifest.model_dump(exclude={"schema_version", "dataset_notes"}).items():
        if isinstance(value, dict):
            yield from ((f"{fields[name]}: {fields.get(key, key)}", in_line(inner, language)) for key, inner in value.items())
        else:
            yield fields[name], in_line(value, language)


def in_line(value: object, language: Language) -> str:
    """A value of the manifest on one line; what a run found about its set is said in the language."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {in_line(each, language)}" for name, each in value.items()) or _NOTHING
    if isinstance(value, tuple | list):
        told = [in_line(each, language) for each in value]
        between = " " if all(one.endswith(_SENTENCE_ENDS) for one in told) else ", "
        return between.join(told) or _NOTHING
    return _NOTHING if value in (None, "") else restated(str(value), language)
