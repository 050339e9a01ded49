"""GET /health/live and /health/ready."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from server.serving.service import Service


class Health(BaseModel):
    """The state of the service, in a word and with the reason if it is not well."""

    status: str
    reason: str = ""


def health_routes(service: Service) -> APIRouter:
    """The two health routes; neither wants a key."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live", summary="The process answers")
    async def live() -> Health:
        return Health(status="live")

    @router.get("/health/ready", summary="Requests are welcome", responses={503: {"model": Health, "description": "Not (yet) ready"}})
    async def ready(response: Response) -> Health:
        ok, status, reason = service.readiness()
        if not ok:
            response.status_code = 503
        return Health(status=status, reason=reason)

    return router
