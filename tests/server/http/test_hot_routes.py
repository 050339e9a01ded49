"""Which requests go past FastAPI."""

import asyncio

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from server.http.forwarding_proxies import ForwardingProxies
from server.http.hot_routes import HotRoutes


def test_only_post_and_put_to_a_hot_route_do() -> None:
    seen: list[str] = []

    async def hot(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(f"hot {scope['path']}")

    class Cold(FastAPI):
        async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
            seen.append(f"cold {scope['type']}")

    async def ask(**scope: str) -> None:
        await HotRoutes(Cold(), {"/classify": hot}, ForwardingProxies(""))(scope, None, None)  # type: ignore[arg-type]

    asyncio.run(ask(type="http", method="POST", path="/classify"))
    asyncio.run(ask(type="http", method="PUT", path="/classify"))
    asyncio.run(ask(type="http", method="GET", path="/classify"))
    asyncio.run(ask(type="http", method="POST", path="/classify/"))
    asyncio.run(ask(type="lifespan"))
    assert seen == ["hot /classify", "hot /classify", "cold http", "cold http", "cold lifespan"]
