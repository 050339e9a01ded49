"""GET /health/live and /health/ready."""

from fastapi import APIRouter, Response

from server.api.schemas import HealthReply
from server.serving.service import Service


def health_routes(service: Service) -> APIRouter:
    """The two health routes; neither needs a key."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live", summary="Whether the process answers")
    async def health_live() -> HealthReply:
        return HealthReply(status="live")

    @router.get(
        "/health/ready",
        summary="Whether the server accepts requests",
        responses={503: {"model": HealthReply, "description": "Not (yet) ready"}},
    )
    async def health_ready(response: Response) -> HealthReply:
        ok, status, reason = service.readiness()
        if not ok:
            response.status_code = 503
        return HealthReply(status=status, reason=reason)

    return router
