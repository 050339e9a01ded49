"""GET /metrics."""

import asyncio

from fastapi import APIRouter, Response

from server.telemetry.metrics import CONTENT_TYPE, Metrics


def metrics_routes(metrics: Metrics) -> APIRouter:
    """The route that Prometheus scrapes."""
    router = APIRouter(tags=["service"])
    rendering = asyncio.Lock()

    @router.get("/metrics", operation_id="metrics", summary="Prometheus metrics", response_class=Response)
    async def scrape() -> Response:
        async with rendering:  # one at a time, and not on the event loop
            text = await asyncio.to_thread(metrics.render)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    return router
