"""`evaluate`: measures the accuracy on a labelled set, in this process or on a running server; compares two runs."""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from server.cli.comparison_output import compare_runs
from server.cli.flags import load_settings
from server.cli.options import ApiKeyFile, DecodeOption, PrecisionOption, StoreFolder
from server.cli.progress_bar import interrupted, progress_bar
from server.settings import Settings
from server.words.language import Language

if TYPE_CHECKING:
    from server.evaluation.jobs.evaluation_job import EvaluationRequest
    from server.evaluation.report.report import Report
    from server.evaluation.run.local_run import LocalRun
    from server.evaluation.run.records import Record

    Evaluate = Callable[..., LocalRun]

_SHOWN = 3

LabelMap = Annotated[
    list[str] | None,
    typer.Option("--map", help="Classes of a label, as cat=281-285: ids, ranges, synsets or names. Repeatable.", show_default=False),
]

RayAddress = Annotated[
    str | None,
    typer.Option("--ray", help="Answer on a Ray cluster: its address; auto: that of this node; local: one of its own.", show_default=False),
]
RayActors = Annotated[
    int | None, typer.Option(min=1, help="Engines on the cluster; by default one a chip, or one for two cores.", show_default=False)
]

Compared = Annotated[
    tuple[str, str] | None,
    typer.Option(help="Compare two finished runs: ids, folders, logs or reports. IMAGES gives --html its pictures.", show_default=False),
]


class Finished(NamedTuple):
    """A finished run: its report, functions for its page and its log, and its place."""

    report: "Report"
    draw: Callable[[], str]
    records: Callable[[], "Iterator[Record]"]
    kept: str


def evaluate(
    images: Annotated[
        Path | None,
        typer.Argument(help="Folder of class folders, or of images and a list of labels; with --url also an archive.", show_default=False),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="List of labels: text, CSV or TSV.", show_default=False)] = None,
    label_map: LabelMap = None,
    model: Annotated[str | None, typer.Option(help="Name of the model in the store.", show_default=False)] = None,
    model_store: StoreFolder = None,
    precision: PrecisionOption = None,
    decode: DecodeOption = None,
    engine: Annotated[str | None, typer.Option(help="The engine that answers.", show_default=False)] = None,
    top_k: Annotated[int, typer.Option(min=1, max=16, help="Largest k of the accuracies.")] = 5,
    limit: Annotated[int | None, typer.Option(min=1, help="Evaluate at most this many images, evenly spread.", show_default=False)] = None,
    report: Annotated[Path | None, typer.Option("--json", help="File for the complete report.", show_default=False)] = None,
    summary: Annotated[Path | None, typer.Option(help="File for the summary of the SDK's samples.", show_default=False)] = None,
    html: Annotated[Path | None, typer.Option(help="File for the report, or the comparison, as a page.", show_default=False)] = None,
    language: Annotated[Language, typer.Option(help="Language of the page.")] = Language.EN,
    results: Annotated[Path | None, typer.Option(help="Folder for one result file per image, <image>_1.txt.", show_default=False)] = None,
    scores: Annotated[bool, typer.Option("--scores", help="Store the scores of all classes in scores.f32, next to the log.")] = False,
    resume: Annotated[str | None, typer.Option(help="Id of an interrupted run to resume.", show_default=False)] = None,
    url: Annotated[str | None, typer.Option(help="Send the set to a running server: http://host:8000.", show_default=False)] = None,
    api_key_file: ApiKeyFile = None,
    ray: RayAddress = None,
    ray_actors: RayActors = None,
    compare: Compared = None,
) -> None:
    """Measure the accuracy on a labelled set, with the serving engine. Ctrl-C loses nothing: --resume continues the run."""
    from server.evaluation.run.local_run import write_result_files

    flags = {"model": model, "model_store": model_store, "precision": precision, "decode": decode, "engines": engine}
    settings = load_settings(**flags, api_key_file=api_key_file, log_level="warning")
    if compare:
        _print(compare_runs(settings, *compare, images, labels, label_map, report=report, html=html, language=language), report, html)
        return
    images = _named(images)
    if url:
        _check_for_a_server(scores=scores, precision=precision, decode=decode, engine=engine, ray=ray)
    _check_outputs([report, html, summary], results, draws=bool(html and not url))
    request = _request(images, labels, label_map, top_k, limit, model)
    finished = (
        _by_server(url, settings, images, labels, request, resume, language)
        if url
        else _here(settings, images, labels, request, resume, language, _way(ray, ray_actors, scores=scores, results=bool(results)))
    )
    _print(_told(finished))
    _write(finished, report, html, summary)
    if results:
        write_result_files(finished.records(), results, top_k)


def _named(images: Path | None) -> Path:
    if images is None:
        raise typer.BadParameter("name a folder of images, or two runs to --compare", param_hint="IMAGES")
    return images


def _way(ray: str | None, ray_actors: int | None, *, scores: bool, results: bool) -> "Evaluate":
    """How images are answered: in this process, or on a cluster."""
    if ray is None:
        from server.evaluation.run.local_run import evaluate

        return partial(evaluate, keep_scores=scores, result_files=results)
    if scores:
        raise typer.BadParameter("only an evaluation in this process, without --ray, stores all scores", param_hint="--scores")
    from server.ray.ray_evaluation import evaluate_on_ray

    return partial(evaluate_on_ray, address=ray, actors=ray_actors)


def _check_for_a_server(*, scores: bool, precision: str | None, decode: str | None, engine: str | None, ray: str | None) -> None:
    if ray:
        raise typer.BadParameter("a server evaluates with its own engines: leave out --url or --ray", param_hint="--ray")
    if scores:
        raise typer.BadParameter("only an evaluation in this process, without --url, stores all scores", param_hint="--scores")
    if precision:
        raise typer.BadParameter("a server infers in its own precision", param_hint="--precision")
    if decode:
        raise typer.BadParameter("a server decodes as its own setting says", param_hint="--decode")
    if engine:
        raise typer.BadParameter("a server answers with its own engines", param_hint="--engine")


def _check_outputs(files: list[Path | None], results: Path | None, *, draws: bool) -> None:
    """Refuse before a long run what could not be written after it; raises EvaluationLost, ResultsInvalid, PageUnavailable."""
    from pipelines.result_files import make_folder
    from server.evaluation.report.report_html import check_drawing
    from server.evaluation.run.run_folder import check_writable

    if results:  # first, because the files may go into it
        make_folder(results)
        check_writable(results / "image_1.txt")
    for path in filter(None, files):
        check_writable(path)
    if draws:
        check_drawing()


def _request(
    images: Path, labels: Path | None, label_map: list[str] | None, top_k: int, limit: int | None, model: str | None
) -> "EvaluationRequest":
    from server.evaluation.jobs.evaluation_job import EvaluationRequest

    dataset, groups = images.resolve().name or "/", ",".join(label_map or []) or None
    request = EvaluationRequest(dataset=dataset, labels=labels.name if labels else None, top_k=top_k, limit=limit, map=groups)
    return request.model_copy(update={"model": model})  # unchecked: the store or the server says which names there are


def _write(finished: Finished, report: Path | None, html: Path | None, summary: Path | None) -> None:
    """Write the files that were asked for, and tell of each."""
    from server.evaluation.report.summary import seed_summary
    from server.evaluation.run.run_folder import write_whole

    texts: list[tuple[Path | None, Callable[[], str]]] = [
        (report, finished.report.as_json),
        (html, finished.draw),
        (summary, lambda: json.dumps(seed_summary(finished.report)) + "\n"),
    ]
    for path, text in texts:
        if path:
            write_whole(path, text())
            _print(f"{path} is written")


def _here(
    settings: Settings,
    images: Path,
    labels: Path | None,
    request: "EvaluationRequest",
    resume: str | None,
    language: Language,
    evaluate: "Evaluate",
) -> Finished:
    from server.evaluation.jobs.job_store import new_id
    from server.evaluation.report.report_html import render_html
    from server.evaluation.report.thumbnails import wrong_thumbnails
    from server.evaluation.run.local_run import Interrupted
    from server.evaluation.run.records import PredictionLog
    from server.evaluation.run.run_folder import RunFolder, find_run

    folder = find_run(resume, settings.evaluation_dir) if resume else RunFolder(settings.evaluation_dir / new_id())
    with progress_bar() as progress:
        task = progress.add_task("Loading", total=None)

        def tell(done: int, total: int, right: float | None) -> None:
            progress.update(task, description=_pace(right), completed=done, total=total)

        try:
            run = evaluate(
                settings,
                images,
                labels,
                request,
                folder,
                lambda now: tell(now.done, now.total, now.top1 / now.labelled if now.labelled else None),
            )
        except Interrupted:
            raise interrupted(f"Every answer is kept in {folder.path}.", "--resume", folder.path.name) from None
    return Finished(
        run.report,
        lambda: render_html(
            run.report, wrong_thumbnails(run.report, run.images, settings.max_body_bytes, settings.max_image_pixels), language
        ),
        PredictionLog(folder.log).read,
        f"kept in {folder.path}",
    )


def _by_server(
    url: str, settings: Settings, images: Path, labels: Path | None, request: "EvaluationRequest", resume: str | None, language: Language
) -> Finished:
    from server.cli.remote_evaluation import RemoteServer
    from server.evaluation.report.report import Report
    from server.evaluation.run.records import Record

    server, job_id = RemoteServer(url, settings.read_api_key()), resume
    try:
        with progress_bar() as progress:
            task = progress.add_task("Sending", total=None)
            job_id = job_id or server.submit(images, labels, request)
            for now in server.follow(job_id):
                progress.update(task, description=_pace(now.top1), completed=now.done, total=now.total)
    except KeyboardInterrupt:
        if job_id is None:
            raise
        raise interrupted(f"The server goes on with {server.page_of(job_id)}.", "--resume", job_id) from None
    found = job_id
    report = Report.model_validate_json(b"".join(server.fetch(found, "report", "application/json")))
    return Finished(
        report,
        lambda: b"".join(server.fetch(found, "report", "text/html", language)).decode(),
        lambda: map(Record.model_validate_json, server.fetch(found, "predictions", "*/*")),
        f"of the model {report.manifest.model}\nkept as {server.page_of(found)}",
    )


def _pace(top1: float | None) -> str:
    return "Evaluating" if top1 is None else f"Evaluating, top-1 {top1:.2%}"


def _told(finished: Finished) -> str:
    """The summary for a person."""
    report, counts = finished.report, finished.report.denominators
    failed = ", ".join(f"{code} {number}" for code, number in counts.failed.items())
    lines = [
        f"{counts.listed} images, {counts.labelled} with a label, {counts.decoded} answered" + (f"; failed: {failed}" if failed else "")
    ]
    if report.failed:
        shown = [f"{image.name} ({image.outcome})" for image in report.failed[:_SHOWN]]
        more = sum(counts.failed.values()) - len(shown)
        lines.append(f"without an answer: {', '.join(shown)}" + (f" and {more} more; see the report" if more else ""))
    for name, share in report.accuracy.items():
        if share.value is not None and share.interval is not None:
            low, high = share.interval
            lines.append(f"top-{name[3:]:<3} {share.value:7.2%}  (95 %: {low:.2%} to {high:.2%})  {share.correct} of {share.total}")
    if report.manifest.calibration:
        lines.append(report.manifest.calibration_words)
    if report.throughput.images_per_s:
        lines.append(f"{report.throughput.images_per_s:.1f} images/s")
    return "\n".join([*lines, *report.notes, finished.kept])


def _print(text: str, *written: Path | None) -> None:
    """The summary for a person, and which files there are now."""
    sys.stdout.writelines(f"{line}\n" for line in (text, *(f"{path} is written" for path in written if path)))
