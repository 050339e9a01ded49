"""GET /metrics."""

import asyncio

from fastapi import APIRouter, Request, Response

from server.telemetry.metrics import CONTENT_TYPE, OPEN_METRICS_TYPE, Metrics


def metrics_routes(metrics: Metrics) -> APIRouter:
    """The route that Prometheus scrapes."""
    router = APIRouter(tags=["service"])
    rendering = asyncio.Lock()

    @router.get("/metrics", operation_id="metrics", summary="Prometheus metrics", response_class=Response)
    async def scrape(request: Request) -> Response:
        is_open = "application/openmetrics-text" in request.headers.get("accept", "")
        async with rendering:  # one at a time, and not on the event loop
            text = await asyncio.to_thread(metrics.render_open_metrics if is_open else metrics.render)
        return Response(text, headers={"Content-Type": OPEN_METRICS_TYPE if is_open else CONTENT_TYPE, "Vary": "Accept"})

    return router
