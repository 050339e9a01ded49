"""The comparison of two runs as one complete page, in the style of a report."""

from collections.abc import Mapping

from server.evaluation.report.report_page import as_pictures, p_value, render_page, words_of_page
from server.evaluation.report.report_words import Words, in_line
from server.evaluation.report.run_comparison import SIGNIFICANT_P, Comparison
from server.words.language import Language

_SHOWN_CLASSES = 30
_LEAST_REACH = 0.01


def render_comparison(found: Comparison, thumbnails: Mapping[str, bytes], language: Language = Language.EN) -> str:
    """The page; `thumbnails` are JPEGs by the name of the image."""
    say, fields = words_of_page("comparison", language), words_of_page("manifest", language)
    classes = found.classes[:_SHOWN_CLASSES]
    return render_page(
        "comparison",
        language,
        found=found,
        names=[run.partition(":")[0] for run in (found.run_a, found.run_b)],
        p=p_value(found.mcnemar_p),
        verdict=_verdict(found, say),
        reach=_reach([found.interval] if found.interval else []),
        cases=_cases(found, say),
        classes=classes,
        class_reach=_reach([row.interval for row in classes]),
        differs=[(fields[name], in_line(a, language), in_line(b, language)) for name, (a, b) in found.manifest_differences.items()],
        pictures=as_pictures(thumbnails),
    )


def _cases(found: Comparison, say: Words) -> list[tuple[str, int]]:
    return [
        (say["both_right"], found.both_right),
        (say["only_a"], found.a_right_b_wrong),
        (say["only_b"], found.a_wrong_b_right),
        (say["both_wrong"], found.both_wrong),
    ]


def _verdict(found: Comparison, say: Words) -> str:
    ahead = found.a_wrong_b_right - found.a_right_b_wrong
    if not ahead:
        return say["even"]
    meaning = say["no_chance"] if found.mcnemar_p < SIGNIFICANT_P else say["chance"]
    return say["ahead"].format(better="B" if ahead > 0 else "A", count=f"{abs(ahead):,}") + say["colon"] + meaning


def _reach(intervals: list[tuple[float, float]]) -> float:
    """How far the scale of differences goes to both sides: all intervals lie within."""
    return max((abs(end) for interval in intervals for end in interval), default=_LEAST_REACH) or _LEAST_REACH
