"""`convert quantize`."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.store import StoredModel
from server.cli.flags import load_settings
from server.cli.options import StoreFolder
from server.cli.progress_bar import progress_bar
from server.evaluation.report.intervals import Share
from server.settings import Settings

if TYPE_CHECKING:
    from convert.quantisation.f32_reference import Compared
    from convert.quantisation.picture_set import PictureSet
    from convert.quantisation.search import Found
    from server.cli.convert.paired_accuracy import PairedAccuracy
    from server.evaluation.dataset.labelled_set import LabelledSet

MB = 1e6
HEAD = ("VARIANT", "AGREEMENT", "CONFIDENT", "MB", "CPU-MS AN IMAGE")
_SHOWN = 5


def quantize(
    name: Annotated[str, typer.Argument(help="Name of the model in the store.")],
    images: Annotated[Path, typer.Option(help="Folder of pictures of the kind that the server will see. They need no labels.")],
    limit: Annotated[int, typer.Option(min=10, help="Use at most this many pictures, evenly spread.")] = 500,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Also compare the accuracy: a list of labels for the pictures, or a labelled folder of its own.", show_default=False
        ),
    ] = None,
    min_agreement: Annotated[
        float, typer.Option(min=0, max=1, help="Smallest share of confident pictures on which int8 and f32 have the same best class.")
    ] = 0.98,
    force: Annotated[bool, typer.Option("--force", help="Keep the artifact also below --min-agreement.")] = False,
    model_store: StoreFolder = None,
) -> None:
    """Make the int8 artifact of a model for a CPU: faster, a quarter of the size, and compared with f32 before it is kept."""
    from convert.quantisation.int8_artifact import check_found, keep, record_of
    from convert.quantisation.onnxruntime_quantiser import tool_version
    from models.store import ModelStore
    from models.store_writer import workshop
    from server.cli.convert.paired_accuracy import labelled_pictures
    from server.serving.classify_files import find_images, tell_of

    tool_version()
    settings = load_settings(model_store=model_store)
    model = ModelStore(settings.model_store).open(name)
    paths, not_pictures = find_images([images])
    paths = [paths[place * len(paths) // limit] for place in range(limit)] if limit < len(paths) else paths
    labelled = labelled_pictures(images, labels, model.read_class_names()) if labels else None
    with workshop(settings.model_store) as folder:
        pictures, found, accuracy = _compared(settings, model, paths, labelled, folder, force=force)
        _print(_table(found))
        if accuracy:
            _print(accuracy.as_text())
        tell_of(not_pictures)
        _tell_left_out(pictures)
        if not force:
            check_found(found, min_agreement)
        quantisation = record_of(found, pictures).model_copy(update=accuracy.as_record() if accuracy else {})
        model = keep(model, found, quantisation)
    _print(f"{model.check_artifact('cpu', 'int8')[1]} is written. Serve it with --precision int8")


def _compared(
    settings: Settings, model: StoredModel, paths: Sequence[Path], labelled: "LabelledSet | None", folder: Path, *, force: bool
) -> "tuple[PictureSet, Found, PairedAccuracy | None]":
    from convert.quantisation.picture_set import collect_pictures
    from convert.quantisation.search import search
    from server.cli.convert.paired_accuracy import paired_accuracy
    from server.cli.convert.served_picture import read_served

    with progress_bar() as progress:

        def begin(what: str, total: int) -> Callable[[], None]:
            return partial(progress.advance, progress.add_task(what, total=total))

        def read(path: Path) -> bytes:
            return read_served(path.read_bytes, settings.max_image_pixels)

        pictures = collect_pictures(model.manifest, paths, read, folder / "pictures.u8", begin("Decoding", len(paths)))
        found = search(model, pictures, folder, begin, force=force)
        if not labelled:
            return pictures, found, None
        sides = model.check_artifact("cpu")[1], found.best.file
        calibrated = {pictures.hashes[place] for place in found.best.calibrated_on}
        return pictures, found, paired_accuracy(model.manifest, sides, labelled, calibrated, settings, begin)


def _table(found: "Found") -> str:
    rows = [HEAD, ("f32", *_cells(found.f32)), *((f"int8: {trial.variant}", *_cells(trial.compared)) for trial in found.trials)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if len(found.trials) > 1:
        lines.append(f"The best is {found.best.variant}.")
    confident = Share.of(found.best.compared.confident.same, found.best.compared.confident.total)
    if confident.interval:
        lines.append(f"95 % interval of its agreement where f32 is confident: {confident.interval[0]:.2%} to {confident.interval[1]:.2%}")
        if len(found.trials) > 1:
            lines[-1] += ". The same pictures chose the best, so this is slightly optimistic."
    return "\n".join(lines)


def _cells(compared: "Compared") -> tuple[str, ...]:
    shares = (f"{each.share:.2%} of {each.total}" if each.total else "of none" for each in (compared.everywhere, compared.confident))
    return (*shares, f"{compared.size_bytes / MB:.2f}", f"{compared.cpu_ms_an_image:.2f}")


def _tell_left_out(pictures: "PictureSet") -> None:
    if left_out := pictures.left_out:
        shown = "".join(f"  {each.path}: {each.reason}\n" for each in left_out[:_SHOWN])
        more = f"  and {len(left_out) - _SHOWN} more\n" if len(left_out) > _SHOWN else ""
        sys.stderr.write(f"{len(left_out)} pictures are left out:\n{shown}{more}")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
