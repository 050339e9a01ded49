"""`convert parity`."""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.artifact_precision import Precision
from pipelines.reduction import Decode
from server.cli.convert.parity_sources import SourceOptions, open_sources
from server.cli.flags import load_settings
from server.cli.options import ApiKeyFile, AsJson, StoreFolder
from server.cli.progress_bar import INTERRUPTED, progress_bar

if TYPE_CHECKING:
    from server.parity.comparison import ParityReport
    from server.parity.sources import Source


def parity(
    a: Annotated[
        str, typer.Argument(metavar="A", help="One side: MODEL, MODEL@cpu, MODEL@ascend, MODEL:original, a folder, X.onnx, X.om or a URL.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[IMAGES]...", help="More of --images.", show_default=False)] = None,
    images: Annotated[list[Path] | None, typer.Option(help="Image files, and folders of them.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option(help="The model of an artifact file; files of this project name it themselves.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Compare the first images only.", show_default=False)] = None,
    min_top1: Annotated[float, typer.Option(min=0, max=1, help="Smallest share of images with the same best class, or a tie.")] = 1.0,
    min_top5: Annotated[float, typer.Option(min=0, max=1, help="Smallest mean share of common classes among the five best.")] = 0.95,
    max_difference: Annotated[float, typer.Option(min=0, max=1, help="Largest difference of a class's probability.")] = 0.02,
    precision: Annotated[Precision, typer.Option(help="How B infers on a CPU. A infers in f32.")] = "f32",
    decode: Annotated[
        Decode, typer.Option(help="How B decodes large JPEGs: reduced shows what DECODE=reduced costs. A is exact.")
    ] = "exact",
    api_key_file: ApiKeyFile = None,
    model_store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Classify the same images in two ways and check whether they agree; exit code 1 if they do not."""
    from server.parity.comparison import Bounds, ParityReport
    from server.serving.classify_files import find_images, tell_of

    settings = load_settings(model_store=model_store, api_key_file=api_key_file, log_level="warning")
    found, left_out = find_images([*(images or []), *(more or [])])
    paths = found[:limit]
    sides = open_sources((a, b), SourceOptions(settings, model, precision, decode))
    report = ParityReport((sides[0].facts, sides[1].facts))
    finished = _compare(sides, paths, report)
    _print(report, len(paths), as_json=as_json)
    tell_of(left_out)
    if not finished:
        raise typer.Exit(INTERRUPTED)
    report.check(Bounds(min_top1, min_top5, max_difference))


def _compare(sides: "tuple[Source, Source]", paths: list[Path], report: "ParityReport") -> bool:
    """Count every image; returns False if Ctrl-C came before the last one."""
    from server.parity.comparison import compare

    with (
        progress_bar() as progress,
        closing(sides[0].answers(paths)) as one,
        closing(sides[1].answers(paths)) as other,
    ):
        try:
            for _ in progress.track(compare(report, map(str, paths), one, other), total=len(paths), description="Comparing"):
                pass
        except KeyboardInterrupt:
            return False
    return True


def _print(report: "ParityReport", asked: int, *, as_json: bool) -> None:
    from server.parity.comparison_text import report_text

    seen = report.compared + len(report.failed)
    if as_json:
        text = json.dumps({"images": asked, "seen": seen, **report.as_dict()}, indent=2, ensure_ascii=False)
    else:
        text = report_text(report) + (f"\n\nInterrupted after {seen} of {asked} images." if seen < asked else "")
    sys.stdout.write(f"{text}\n")
