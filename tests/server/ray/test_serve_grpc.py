"""Calls as Serve gives them, answered by the methods of the plain server; through Serve itself they are in tests/ray/test_with_grpc.py."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from grpc import StatusCode

from server.api.api_keys import NO_KEYS
from server.grpc import open_inference_pb2 as messages
from server.grpc.grpc_calls import Calls
from server.grpc.inference_service import InferenceService
from server.ray.replica import refuse_one_of_many
from server.ray.serve_grpc import INFER, METHODS, STREAM, GrpcMethods, ServeCalls, add_servicer
from tests.level_model import level_png
from tests.server.grpc.served_grpc import infer_message
from tests.server.oip.served_app import ServedApp, served_app

MOST_BYTES = 100_000


class Given(GrpcMethods):
    """A deployment with its calls, and Serve's context of one call, which keeps what is set."""

    def __init__(self, app: ServedApp) -> None:
        calls = Calls(app.service.metrics, NO_KEYS, refuse_one_of_many, None)
        self.app, self.calls = app, ServeCalls(InferenceService(app.service, app.reloader, calls), MOST_BYTES)
        self.status: tuple[StatusCode | None, str, dict[str, str]] = (None, "", {})

    def invocation_metadata(self) -> list[tuple[str, str]]:
        return [("x-request-id", "mine")]

    def peer(self) -> str:
        return "ipv4:127.0.0.1:4711"

    def code(self) -> StatusCode | None:
        return self.status[0]

    def details(self) -> str:
        return self.status[1]

    def set_code(self, code: StatusCode) -> None:
        self.status = (code, "", {})

    def set_details(self, details: str) -> None:
        self.status = (self.status[0], details, {})

    def set_trailing_metadata(self, trailing: list[tuple[str, str]]) -> None:
        self.status = (*self.status[:2], dict(trailing))

    def ask(self, method: str, given: Any) -> bytes:
        return bytes(self.app.run(getattr(self, method)(given, grpc_context=self)).SerializeToString())

    def stream(self, given: AsyncIterator[bytes], most: int = 100) -> list[Any]:
        async def asked() -> list[Any]:
            found: list[Any] = []
            answers = getattr(self, STREAM)(given, grpc_context=self)
            async for each in answers:
                found.append(messages.ModelStreamInferResponse.FromString(each.SerializeToString()))
                if len(found) == most:
                    break
            await answers.aclose()
            return found

        return self.app.run(asyncio.wait_for(asked(), 60))


async def stream_of(*given: bytes) -> AsyncIterator[bytes]:
    for each in given:
        yield each


def image(picture: bytes) -> bytes:
    return bytes(infer_message(messages.ModelInferRequest, [picture], outputs=("classes",)).SerializeToString())


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApp]:
    with served_app(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def given(app: ServedApp) -> Given:
    return Given(app)


def test_an_answer(given: Given) -> None:
    assert messages.ServerReadyResponse.FromString(given.ask("ServerReady", stream_of(b""))).ready
    found = messages.ModelInferResponse.FromString(given.ask(INFER, stream_of(image(level_png(4)))))
    assert (found.raw_output_contents[0][0], given.status) == (1, (None, "", {}))


@pytest.mark.parametrize(
    ("method", "message", "code", "trailing"),
    [
        ("ModelReady", b"\x0a\x01x", StatusCode.NOT_FOUND, {"x-request-id": "mine", "code": "not_found"}),
        ("RepositoryModelLoad", b"", StatusCode.PERMISSION_DENIED, {"x-request-id": "mine", "code": "forbidden"}),
        (INFER, image(b"x"), StatusCode.INVALID_ARGUMENT, {"x-request-id": "mine", "code": "unsupported_image"}),
        (INFER, bytes(MOST_BYTES + 1), StatusCode.RESOURCE_EXHAUSTED, {}),
        ("ModelReady", bytes(MOST_BYTES + 1), StatusCode.RESOURCE_EXHAUSTED, {}),
    ],
)
def test_a_refusal_is_in_the_context(given: Given, method: str, message: bytes, code: StatusCode, trailing: dict[str, str]) -> None:
    assert given.ask(method, stream_of(message)) == b""
    assert (given.status[0], given.status[2], bool(given.status[1])) == (code, trailing, True)


def test_a_stream(given: Given) -> None:
    found = given.stream(stream_of(*(image(level_png(4 * level)) for level in range(12)), image(b"x")))
    assert [each.infer_response.raw_output_contents[0][0] for each in found[:12]] == list(range(12))
    assert (len(found), "none of the known image types" in found[12].error_message, given.status[0]) == (13, True, None)


def test_the_end_of_a_stream(given: Given) -> None:
    assert given.stream(stream_of(bytes(MOST_BYTES + 1))) == []
    assert given.status[0] is StatusCode.RESOURCE_EXHAUSTED
    given.calls.raises = True
    with pytest.raises(RuntimeError, match="larger than max"):
        given.stream(stream_of(bytes(MOST_BYTES + 1)))


def test_a_stream_whose_client_has_gone_holds_nothing(given: Given) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield image(level_png(4))

    assert len(given.stream(endless(), most=3)) == 3
    service = given.app.service

    async def released() -> None:
        while service.models.default.admission.under_way or service.body_budget.held_bytes:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    given.app.run(asyncio.wait_for(released(), 60))


def test_serve_is_told_the_kinds_of_the_plain_server(given: Given) -> None:
    class Told:
        def add_generic_rpc_handlers(self, handlers: Any) -> None:
            self.methods = handlers[0]._method_handlers

    told = Told()
    add_servicer(given, told)
    plain = InferenceService(given.app.service, given.app.reloader, Calls(given.app.service.metrics, NO_KEYS, refuse_one_of_many, None))
    kinds = {
        f"/inference.GRPCInferenceService/{name}": (each.request_streaming, each.response_streaming)
        for name, each in plain.methods().items()
    }
    assert {name: (each.request_streaming, each.response_streaming) for name, each in told.methods.items()} == kinds
    assert len(METHODS) == 12
