"""The report of a comparison, for people."""

from collections.abc import Iterator, Sequence

from server.parity.comparison import SURE, Differing, Facts, Failed, ParityReport, worst_first

SHOWN = 10
_HASH_DIGITS = 12


def report_text(report: ParityReport) -> str:
    """Several lines: the two sides, the figures, and the images that differ, worst first."""
    return "\n".join(_lines(report))


def _lines(report: ParityReport) -> Iterator[str]:
    for name, side in zip("AB", report.sides, strict=True):
        yield f"{name}  {_side(side)}"
    yield from (f"Note: {warning}." for warning in report.warnings)
    yield ""
    yield f"images compared   {report.compared}"
    if report.compared:
        tied = f", {len(report.tied)} of them tied" if report.tied else ""
        same = report.compared - len(report.differing)
        yield f"top-1 agreement   {report.top1:.4f} ({same} of {report.compared}{tied})"
        yield f"top-5 overlap     {report.top5:.4f}"
        yield f"score difference  {_difference(report)}"
        if report.sure:
            share = report.sure_agreed / report.sure
            yield f"where A has > {SURE:g} {share:.4f} ({report.sure_agreed} of {report.sure} with the same best class)"
    if report.failed:
        yield f"failed            {len(report.failed)} ({report.one_sided} of them on one side only)"
    yield from _differing("The best class differs:", report.differing)
    yield from _differing("The best class differs, but is tied:", report.tied)
    yield from _failed(report.failed)


def _side(side: Facts) -> str:
    shown = {key: value[:_HASH_DIGITS] if key.endswith("sha256") else value for key, value in side.items() if value}
    return ", ".join(value if key == "side" else f"{key.removesuffix('_sha256')} {value}" for key, value in shown.items())


def _difference(report: ParityReport) -> str:
    largest = report.largest
    if not largest.image:
        return "none"
    where = f"{largest.image}, class {largest.class_id} {largest.label}".rstrip()
    return f"at most {largest.difference:.3g} ({where}), on average {report.mean_difference:.3g}"


def _differing(title: str, found: Sequence[Differing]) -> Iterator[str]:
    if found:
        yield f"\n{title}"
        for differing in worst_first(found)[:SHOWN]:
            yield f"  {differing.image}"
            yield from (
                f"    {name} {score:8.4f}  {class_id:4d}  {label}"
                for name, (class_id, label, score) in zip("AB", differing.best, strict=True)
            )
        yield from _more(len(found))


def _failed(found: Sequence[Failed]) -> Iterator[str]:
    if found:
        yield "\nNot compared:"
        for failed in sorted(found, key=lambda one: not one.one_sided)[:SHOWN]:
            yield f"  {failed.image}"
            yield from (f"    {name} {reason}" for name, reason in zip("AB", failed.reasons, strict=True) if reason)
        yield from _more(len(found))


def _more(number: int) -> Iterator[str]:
    if number > SHOWN:
        yield f"  and {number - SHOWN} more"
