"""How often another precision, or a reduced decode, keeps the best class of f32 and exact, where that one's score is above 0.5."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from models.artifact_precision import Precision
from pipelines.reduction import Decode
from server.cli.convert.parity_sources import SourceOptions, open_sources
from server.cli.flags import load_settings
from server.parity.comparison import SURE, ParityReport, compare
from tests.bench.table import Goal

HEADINGS = f"| | pictures | the same best class | f32 above {SURE:g} | the same there |\n|---|---|---|---|---|"

PATIENCE_S = 600  # on a machine that others use, an engine may seem to hang


@dataclass(frozen=True)
class Way:
    """Another way to infer, and the share of sure answers that it keeps at least."""

    name: str
    precision: Precision
    decode: Decode
    least: float


WAYS = (Way("bf16", "bf16", "exact", 1.0), Way("int8", "int8", "exact", 0.99), Way("reduced", "f32", "reduced", 0.99))


def compared(store: Path, model: str, images: Sequence[Path], precision: Precision, decode: Decode) -> ParityReport:
    """f32 and exact beside another way, on the stream engine."""
    settings = load_settings(model_store=store, log_level="warning", timeout_ms=PATIENCE_S * 1000, engine_stall_s=PATIENCE_S)
    sides = open_sources((model, model), SourceOptions(settings, None, precision, decode))
    report, paths = ParityReport((sides[0].facts, sides[1].facts)), list(images)
    with closing(sides[0].answers(paths)) as one, closing(sides[1].answers(paths)) as other:
        for _ in compare(report, map(str, paths), one, other):
            pass
    return report


def answer_lines(model: str, found: Sequence[tuple[Way, ParityReport]]) -> Iterator[str]:
    """A Markdown table, and the goals."""
    yield HEADINGS
    for way, report in found:
        yield f"| {model}, {way.name} | {report.compared} | {report.agreed} | {report.sure} | {report.sure_agreed} |"
    yield ""
    for way, report in found:
        if failed := report.failed:
            yield f"{model}, {way.name}: {len(failed)} pictures without an answer, as {failed[0].image}: {' '.join(failed[0].reasons)}"
        share = report.sure_agreed / report.sure if report.sure else 0.0
        yield str(Goal(f"{model}, {way.name}: the best class of f32 where that is above {SURE:g}", share, way.least))
