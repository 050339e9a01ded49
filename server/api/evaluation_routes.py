"""POST /evaluate and the other routes of evaluations."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.requests import Request

from server.api.comparison_reply import ComparisonReply
from server.api.evaluation_body import BODIES, submit
from server.api.evaluation_pages import EvaluationPages
from server.api.followers import Followers
from server.api.openapi import refusals
from server.api.pages import prefers_html
from server.api.request_context import context_of
from server.api.schemas import EvaluationReply
from server.api.turns import AsyncTurns, Turns
from server.errors import BadRequest, BodyTooLarge, Forbidden, RequestTimeout, Saturated, UnsupportedCoding
from server.evaluation.evaluation_errors import (
    ArchiveTooLarge,
    DatasetForbidden,
    DatasetInvalid,
    DatasetNotFound,
    EvaluationLost,
    EvaluationNotFound,
    EvaluationsFull,
    NotFinished,
    PageUnavailable,
)
from server.evaluation.jobs.evaluations import Evaluations
from server.evaluation.report.report_html import render_html
from server.evaluation.report.report_page import DRAWN_BY, SERVED_POLICY
from server.evaluation.report.thumbnails import wrong_thumbnails
from server.serving.service import Phase, Service
from server.web.languages import language_of

EVENT_S = 0.5
_CHUNK_BYTES = 64 * 1024

Accept = Annotated[str, Header(include_in_schema=False)]


class EvaluationRoutes:
    """The routes of evaluations; a route that reads files runs on FastAPI's threads."""

    def __init__(self, evaluations: Evaluations, service: Service) -> None:
        self._evaluations = evaluations
        self._service = service
        self._path = f"{service.settings.root_path}/evaluate"
        self._pages = EvaluationPages(evaluations, service)
        self._drawing = Turns("Reports")  # to draw a page takes a second of a core
        self._reading = AsyncTurns("Sets that are read")
        self._followers = Followers()

    def routers(self, guard: Callable[[Request], Coroutine[None, None, None]]) -> tuple[APIRouter, APIRouter]:
        """Those of all and those of one, behind a guard; side by side, since one inside another would not know its whole path."""
        router = APIRouter(
            prefix="/evaluate", tags=["evaluation"], dependencies=[Depends(guard)], responses=refusals(Forbidden, EvaluationLost)
        )
        of_one = APIRouter(
            prefix="/evaluate/{job_id}",
            tags=["evaluation"],
            dependencies=[Depends(guard)],
            responses=refusals(Forbidden, EvaluationNotFound, EvaluationLost),
        )
        router.post(
            "",
            status_code=202,
            summary="Measure a labelled set",
            openapi_extra=BODIES,
            response_model=EvaluationReply,
            responses=_ACCEPTED | _REFUSED,
        )(self.evaluate)
        router.get("", summary="The newest evaluations, newest first", response_model=list[EvaluationReply], responses=_PAGE)(
            self.evaluations
        )
        router.get(
            "/compare",
            summary="Two finished evaluations, image by image",
            response_model=ComparisonReply,
            responses=_PAGE | refusals(BadRequest, EvaluationNotFound, NotFinished, Saturated),
        )(self.compare_evaluations)
        of_one.get("", summary="The progress of an evaluation", response_model=EvaluationReply, responses=_PAGE)(self.evaluation)
        of_one.delete("", summary="Cancel an evaluation; remove one that has ended")(self.cancel_evaluation)
        of_one.post(
            "/resume", status_code=202, summary="Resume an evaluation that failed or was cancelled", responses=refusals(EvaluationsFull)
        )(self.resume_evaluation)
        of_one.get("/report", summary="The report: a page or JSON, by the header Accept", responses=_REPORT, response_class=Response)(
            self.evaluation_report
        )
        of_one.get("/predictions", summary="One line of JSON per image", responses=_LINES, response_class=StreamingResponse)(
            self.evaluation_predictions
        )

        of_one.get(
            "/events",
            summary="Server-sent events until the evaluation ends",
            response_class=EventSourceResponse,
            dependencies=[Depends(self.check_events)],
            responses=refusals(Saturated),
        )(self.evaluation_events)
        return router, of_one

    async def evaluate(self, request: Request) -> JSONResponse:
        """Queue an evaluation."""
        job = await submit(request, self._evaluations, self._reading, self._service.body_budget, self._service.settings.max_upload_bytes)
        body = self._pages.reply(job).model_dump(mode="json")
        return JSONResponse(body, 202, headers={"Location": f"{self._path}/{job.id}"})

    def evaluations(self, request: Request, accept: Accept = "*/*") -> Any:  # noqa: ANN401 - a page, or what `response_model` says
        """Those of the command line in the same folder are among them."""
        return self._pages.all(request) if prefers_html(accept) else list(map(self._pages.reply, self._evaluations.all()))

    def compare_evaluations(self, request: Request, a: str, b: str, accept: Accept = "*/*") -> Any:  # noqa: ANN401 - as above
        """The difference of B and A on their common images, its interval and exact p, class by class; the images that flipped."""
        return self._pages.compare(request, a, b) if prefers_html(accept) else self._pages.comparison(a, b)

    def evaluation(self, request: Request, job_id: str, accept: Accept = "*/*") -> Any:  # noqa: ANN401 - as above
        """One evaluation."""
        return self._pages.one(request, job_id) if prefers_html(accept) else self._pages.reply(self._evaluations.get(job_id))

    def cancel_evaluation(self, job_id: str) -> EvaluationReply:
        """Cancel an evaluation, or remove one that has ended, with its files."""
        return self._pages.reply(self._evaluations.cancel(job_id))

    def resume_evaluation(self, request: Request, job_id: str) -> EvaluationReply:
        """Resume an evaluation, if its inputs have not changed."""
        return self._pages.reply(self._evaluations.resume(job_id, context_of(request.scope).client))

    def _now(self, job_id: str) -> EvaluationReply:
        return self._pages.reply(self._evaluations.get(job_id))

    def check_events(self, request: Request, job_id: str) -> None:
        """Raise what is wrong: after the first byte the answer cannot become an error."""
        self._followers.check(context_of(request.scope).client)
        self._evaluations.get(job_id)

    async def evaluation_events(self, request: Request, job_id: str) -> AsyncIterator[ServerSentEvent]:
        """The progress, twice a second."""
        with self._followers.one(context_of(request.scope).client):
            async for event in self.events(job_id):
                yield event

    async def events(self, job_id: str) -> AsyncIterator[ServerSentEvent]:
        """Send `progress` twice a second, and `over` at the end; a drain ends the events early."""
        while True:
            try:
                now = await asyncio.to_thread(self._now, job_id)
            except EvaluationNotFound:  # another request has removed it
                return
            yield ServerSentEvent(data=now, event="over" if now.state.over else "progress")
            if now.state.over or self._service.phase is Phase.DRAINING:
                return
            await asyncio.sleep(EVENT_S)

    def evaluation_report(self, request: Request, job_id: str, accept: Accept = "*/*") -> Response:
        """The report; the page is drawn once for each language and stored."""
        report, folder = self._evaluations.report(job_id), self._evaluations.folder_of(job_id)
        if not prefers_html(accept):
            return Response(report.as_json(), media_type="application/json", headers={"Vary": "Accept"})
        language = language_of(request.headers)
        page = folder.page(language, DRAWN_BY)
        with contextlib.nullcontext() if page.exists() else self._drawing.take():
            if not page.exists():
                images, settings = self._evaluations.pictures(job_id), self._service.settings
                thumbnails = wrong_thumbnails(report, images, settings.max_body_bytes, settings.max_image_pixels) if images else {}
                folder.keep_page(language, DRAWN_BY, render_html(report, thumbnails, language))
        headers = {"Vary": "Accept, Accept-Language, Cookie", "Content-Language": language.tag, "Content-Security-Policy": SERVED_POLICY}
        return FileResponse(page, media_type="text/html", headers=headers)

    def evaluation_predictions(self, job_id: str) -> StreamingResponse:
        """The log in its present state; it may grow while it is sent, and is empty before the evaluation begins."""
        path = self._evaluations.folder_of(job_id).log
        return StreamingResponse(_first_bytes(path, path.stat().st_size if path.is_file() else 0), media_type="application/jsonl")


_LINKS = {name: {"operationId": name, "parameters": {"job_id": "$response.body#/id"}} for name in ("evaluation", "evaluation_report")}
_ACCEPTED: dict[int | str, dict[str, Any]] = {202: {"links": _LINKS}}
_REFUSED = refusals(
    BadRequest,
    DatasetInvalid,
    Forbidden,
    DatasetForbidden,
    DatasetNotFound,
    RequestTimeout,
    BodyTooLarge,
    ArchiveTooLarge,
    UnsupportedCoding,
    EvaluationsFull,
)
_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}
_REPORT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {}, "application/json": {}}},
    **refusals(EvaluationNotFound, PageUnavailable, NotFinished, Saturated),
}
_LINES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/jsonl": {}}}}


def _first_bytes(path: Path, left_bytes: int) -> Iterator[bytes]:
    if not left_bytes:
        return
    with path.open("rb") as file:  # not earlier: what is never asked for a byte would never close it
        while chunk := file.read(min(_CHUNK_BYTES, left_bytes)):
            left_bytes -= len(chunk)
            yield chunk
