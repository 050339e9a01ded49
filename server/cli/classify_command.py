"""`classify`: prints the classes of image files, by the engine in this process or by a running server."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.flags import load_settings
from server.cli.options import ApiKeyFile, AsJson, DecodeOption, ModelName, PrecisionOption, StoreFolder
from server.settings import Settings

if TYPE_CHECKING:
    from server.serving.classify_files import Outcome


def classify(
    images: Annotated[list[Path], typer.Argument(help="Image files, and folders of them.")],
    model: ModelName = None,
    model_store: StoreFolder = None,
    precision: PrecisionOption = None,
    decode: DecodeOption = None,
    top_k: Annotated[int, typer.Option(min=1, max=16, help="Classes to print.")] = 5,
    url: Annotated[str | None, typer.Option(help="Ask a running server: http://host:8000.", show_default=False)] = None,
    api_key_file: ApiKeyFile = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a row for each class.")] = False,
) -> None:
    """Classify image files in this process, with the serving engine, or on a running server."""
    from server.serving.classify_files import classify_files, find_images, print_outcomes, tell_of

    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv", param_hint="--csv")
    if url and model:
        raise typer.BadParameter("a server answers with its own model", param_hint="--model")
    if url and precision:
        raise typer.BadParameter("a server infers in its own precision", param_hint="--precision")
    if url and decode:
        raise typer.BadParameter("a server decodes as its own setting says", param_hint="--decode")
    settings = load_settings(
        model=model, model_store=model_store, precision=precision, decode=decode, api_key_file=api_key_file, log_level="warning"
    )
    paths, left_out = find_images(images)
    outcomes = _by_server(url, settings, paths) if url else classify_files(settings, paths, calibrated=True)
    failed = print_outcomes(outcomes, top_k, "json" if as_json else "csv" if as_csv else "text")
    tell_of(left_out)
    raise typer.Exit(1 if failed else 0)


def _by_server(url: str, settings: Settings, paths: list[Path]) -> "Iterator[Outcome]":
    from models.model_errors import ClassifyError
    from server.cli.convert.remote_source import RemoteSource
    from server.types import ClassScore, Prediction

    for path, reply in zip(paths, RemoteSource(url, settings.read_api_key()).replies(paths), strict=True):
        if isinstance(reply, ClassifyError):
            yield path, reply
        else:
            scores = tuple(ClassScore(score.class_id, score.label, score.score) for score in reply.predictions)
            yield path, Prediction(scores, reply.engine, score_type=reply.score_type)
