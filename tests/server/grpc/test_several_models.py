"""Calls for one model, while another one is full; and changes of what is served, whose client does not wait."""

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc import StatusCode

from server.grpc import open_inference_pb2 as messages
from server.grpc.inference_service import SERVICE
from tests.level_model import level_png, store_level_model
from tests.server.grpc.served_grpc import ServedGrpc, infer_message, served_grpc
from tests.server.oip.served_app import fill_window


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGrpc]:
    store = tmp_path_factory.mktemp("store")
    for name in ("level_a", "level_b"):
        store_level_model(store, name)
    own: dict[str, Any] = {"model_store": store, "models": "level_a,level_b", "model_control": "explicit"}
    with served_grpc(store, engines="stream", streams_per_device=1, latency_mode="off", **own) as server:
        yield server


def infer(server: ServedGrpc, model: str) -> StatusCode:
    return server.code("ModelInfer", infer_message(messages.ModelInferRequest, [level_png(4)], model=model))[0]


def test_a_full_model_refuses_its_own_calls_only(two: ServedGrpc, monkeypatch: pytest.MonkeyPatch) -> None:
    for model in two.app.service.models:
        fill_window(model, monkeypatch)
        assert infer(two, model.name) is StatusCode.RESOURCE_EXHAUSTED
        if model.name == "level_a":
            assert infer(two, "level_b") is StatusCode.OK


def test_a_load_and_an_unload_go_on_without_their_client(two: ServedGrpc) -> None:
    async def gives_up(method: str, timeout_s: float) -> None:
        request = getattr(messages, f"RepositoryModel{method}Request")(model_name="level_b").SerializeToString()
        async with two.channel() as channel:
            with pytest.raises(grpc.aio.AioRpcError, match="DEADLINE_EXCEEDED"):
                await channel.unary_unary(f"/{SERVICE}/RepositoryModel{method}")(request, timeout=timeout_s)
        assert two.app.reloader.is_changing

    async def over() -> None:
        async with asyncio.timeout(20):
            while two.app.reloader.is_changing:  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0.01)

    model = two.app.service.models.get("level_b")
    with model.in_use():  # so that the unload waits
        two.run(gives_up("Unload", 0.3))
    two.run(over())
    assert not model.engine.health().ok
    assert infer(two, "level_b") is StatusCode.NOT_FOUND
    two.run(gives_up("Load", 0.02))
    two.run(over())
    assert infer(two, "level_b") is StatusCode.OK
