"""GET /docs: a page to try the routes. It loads nothing from elsewhere, and its policy lets it."""

import base64
import hashlib
import re

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

ASSETS = "/docs-assets"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def docs_route(title: str, openapi_url: str) -> Route:
    """The route of the page for an OpenAPI document; FastAPIOffline serves its files below ASSETS."""

    async def show(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        page = get_swagger_ui_html(
            openapi_url=root + openapi_url,
            title=title,
            swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
        )
        page.headers["Content-Security-Policy"] = docs_policy(bytes(page.body))
        return page

    return Route("/docs", show, include_in_schema=False)


def docs_policy(page: bytes) -> str:
    """The policy of the page: its scripts are ours and its own one, known by its hash; Swagger UI writes styles into elements."""
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _SCRIPT.findall(page)]
    own = "".join(f" 'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self'{own}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
