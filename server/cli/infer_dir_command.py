"""`infer-dir`: classifies the images of a folder into the result files of the SDK's samples."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from server.cli.flags import load_settings
from server.cli.options import DecodeOption, ModelName, PrecisionOption, StoreFolder
from server.cli.progress_bar import interrupted, progress_bar


def infer_dir(
    images: Annotated[Path, typer.Argument(help="Folder of the images.")],
    results: Annotated[Path, typer.Argument(help="Folder for the result files.")],
    model: ModelName = None,
    model_store: StoreFolder = None,
    precision: PrecisionOption = None,
    decode: DecodeOption = None,
    top_k: Annotated[int, typer.Option(min=1, max=16, help="Class ids per result file.")] = 5,
    resume: Annotated[bool, typer.Option("--resume", help="Skip images with a result file.")] = False,
) -> None:
    """Classify the images of a folder into result files like those of the SDK's samples: <image>_1.txt, ids best first."""
    from models.model_errors import ClassifyError
    from pipelines.result_files import make_folder, result_path
    from server.serving.classify_files import classify_files, list_images, write_results

    found = list_images(images)
    make_folder(results)
    paths = [path for path in found if not (resume and result_path(results, path).exists())]
    settings = load_settings(model=model, model_store=model_store, precision=precision, decode=decode, log_level="warning")
    failed = 0
    try:
        with progress_bar() as progress:
            written = write_results(classify_files(settings, paths), results, top_k) if paths else iter(())
            for path, outcome in progress.track(written, total=len(paths), description="Classifying"):
                if isinstance(outcome, ClassifyError):
                    failed += 1
                    progress.console.print(f"{path}: {outcome} [{outcome.code}]", markup=False, highlight=False, soft_wrap=True)
    except KeyboardInterrupt:
        raise interrupted(f"What is finished is written to {results}.", "--resume") from None
    if others := sum(not path.is_dir() for path in images.iterdir()) - len(found):
        sys.stderr.write(f"{others} files of {images} are hidden or not pictures, and are left out\n")
    if folders := sum(path.is_dir() and path != results for path in images.iterdir()):
        sys.stderr.write(f"{folders} folders in {images} are left out: name each by itself\n")
    done = len(paths) - failed
    sys.stdout.write(f"{done} results written to {results}, {len(found) - len(paths)} were there, {failed} failed\n")
    raise typer.Exit(1 if failed else 0)
