"""Every method through a channel: answers equal to those of HTTP, errors, streams, deadlines, and hundreds of mutated messages."""

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from grpc import StatusCode

from server.api.api_keys import ApiKeys
from server.grpc import open_inference_pb2 as messages
from server.grpc.inference_service import SERVICE
from tests.level_model import level_png
from tests.part_or_all import some_or_many
from tests.process_tree import memory_bytes
from tests.server.grpc.served_grpc import ServedGrpc, infer_message, served_grpc
from tests.server.grpc.test_infer_messages import mutated
from tests.server.oip.served_app import fill_window

INFER, ANSWER = messages.ModelInferRequest, messages.ModelInferResponse
GROWTH_BYTES = 30_000_000  # of several hundred million


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGrpc]:
    keys = ApiKeys({"default": "s3cret"})
    with served_grpc(tmp_path_factory.mktemp("fake"), keys, engines="fake", max_body_bytes=300_000) as server:
        yield server


def ints(reply: object, index: int) -> list[int]:
    data = reply.raw_output_contents[index]  # type: ignore[attr-defined]
    return list(map(int, np.frombuffer(data, "<i8")))


@pytest.mark.parametrize("raw", [True, False])
def test_the_answer_is_that_of_http(served: ServedGrpc, raw: bool) -> None:
    images = [level_png(4 * level) for level in range(5)]
    reply = served.ask("ModelInfer", infer_message(INFER, images, raw=raw), ANSWER)
    assert [each.name for each in reply.outputs] == ["scores", "classes", "labels", "probabilities"]
    assert (reply.id, reply.model_version, reply.parameters["score_type"].string_param) == ("7", "1", "probability")
    assert ints(reply, 1)[::5] == list(range(5))
    best = served.app.ask("POST", "/classify", content=images[3]).json()["predictions"]
    assert ints(reply, 1)[15:20] == [each["class_id"] for each in best]
    assert np.frombuffer(reply.raw_output_contents[3], "<f4")[15:20].tolist() == pytest.approx([each["score"] for each in best])


def test_what_describes_the_server_and_the_model(served: ServedGrpc) -> None:
    assert served.ask("ServerLive", messages.ServerLiveRequest(), messages.ServerLiveResponse).live
    assert served.ask("ServerReady", messages.ServerReadyRequest(), messages.ServerReadyResponse).ready
    assert served.ask("ModelReady", messages.ModelReadyRequest(name="level", version="1"), messages.ModelReadyResponse).ready
    assert "statistics" in served.ask("ServerMetadata", messages.ServerMetadataRequest(), messages.ServerMetadataResponse).extensions
    metadata = served.ask("ModelMetadata", messages.ModelMetadataRequest(name="level"), messages.ModelMetadataResponse)
    assert [(each.name, list(each.shape)) for each in metadata.inputs] == [("image", [-1, 1])]
    config = served.ask("ModelConfig", messages.ModelConfigRequest(name="level"), messages.ModelConfigResponse).config
    assert (config.max_batch_size, config.output[0].label_filename, list(config.output[0].dims)) == (32, "level.names", [64])
    assert config.input[0].data_type == messages.TYPE_STRING


def test_statistics_and_repository(served: ServedGrpc) -> None:
    served.ask("ModelInfer", infer_message(INFER, [level_png(4)]), ANSWER)
    for name in ("", "level"):
        found = served.ask("ModelStatistics", messages.ModelStatisticsRequest(name=name), messages.ModelStatisticsResponse).model_stats[0]
        assert found.inference_count == found.inference_stats.success.count >= 1
    index = served.ask("RepositoryIndex", messages.RepositoryIndexRequest(ready=True), messages.RepositoryIndexResponse)
    assert [(each.name, each.state) for each in index.models] == [("level", "READY")]
    served.ask("RepositoryModelLoad", messages.RepositoryModelLoadRequest(model_name="level"))
    load = messages.RepositoryModelLoadRequest(model_name="level")
    load.parameters["config"].string_param = "{}"
    assert served.code("RepositoryModelLoad", load)[0] is StatusCode.INVALID_ARGUMENT
    assert (
        served.code("RepositoryModelUnload", messages.RepositoryModelUnloadRequest(model_name="level"))[0] is StatusCode.FAILED_PRECONDITION
    )


def test_refusals(served: ServedGrpc) -> None:
    good = level_png(4)
    assert served.code("ModelInfer", infer_message(INFER, [b"x"]))[0] is StatusCode.INVALID_ARGUMENT
    assert served.code("ModelInfer", infer_message(INFER, [good, good[:-9]]))[1].startswith("Image 1 of 2")
    assert served.code("ModelInfer", infer_message(INFER, [good], model="other"))[0] is StatusCode.NOT_FOUND
    assert served.code("ModelMetadata", messages.ModelMetadataRequest(name="level", version="9"))[0] is StatusCode.NOT_FOUND
    assert served.code("ModelMetadata", b"\x08")[0] is StatusCode.INVALID_ARGUMENT
    assert served.code("ModelMetadata", messages.ModelMetadataRequest(name="x" * 70_000))[0] is StatusCode.INVALID_ARGUMENT
    assert served.code("TraceSetting", b"")[0] is StatusCode.UNIMPLEMENTED


def test_a_full_window(served: ServedGrpc, monkeypatch: pytest.MonkeyPatch) -> None:
    model = served.app.service.models.default
    fill_window(model, monkeypatch)
    assert served.code("ModelInfer", infer_message(INFER, [level_png(4)]))[0] is StatusCode.RESOURCE_EXHAUSTED


def test_a_stream_answers_in_order_and_goes_on_after_an_error(served: ServedGrpc) -> None:
    async def stream() -> list[tuple[str, list[int]]]:
        async with served.channel() as channel:
            call = channel.stream_stream(f"/{SERVICE}/ModelStreamInfer")()
            for level in (*range(20), None):
                images = [b"x"] if level is None else [level_png(4 * level)]
                await call.write(infer_message(INFER, images, outputs=("classes",)).SerializeToString())
            await call.done_writing()
            found = [messages.ModelStreamInferResponse.FromString(each) async for each in call]
        return [(each.error_message, ints(each.infer_response, 0)[:1] if not each.error_message else []) for each in found]

    found = served.run(stream())
    assert found[:20] == [("", [level]) for level in range(20)]
    assert "none of the known image types" in found[20][0]


def test_a_deadline_and_a_cancelled_call_drop_their_images(served: ServedGrpc) -> None:
    admission = served.app.service.models.default.admission
    slow = infer_message(INFER, [level_png(4, 1500)] * 32)
    assert served.code("ModelInfer", slow, timeout=0.05)[0] is StatusCode.DEADLINE_EXCEEDED

    async def cancelled() -> None:
        async with served.channel() as channel:
            call = channel.unary_unary(f"/{SERVICE}/ModelInfer")(slow.SerializeToString())
            while not admission.under_way:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            call.cancel()
            while admission.under_way or served.app.service.body_budget.held_bytes:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    served.run(cancelled())
    outcomes = {sample.labels["outcome"] for each in served.app.service.metrics.images.collect() for sample in each.samples}
    assert "abandoned" in outcomes


def test_the_key_is_in_the_metadata(fake: ServedGrpc) -> None:
    message = messages.ServerLiveRequest()
    assert fake.code("ServerLive", message)[0] is StatusCode.UNAUTHENTICATED
    assert fake.code("ServerLive", message, metadata=(("x-api-key", "wrong"),))[0] is StatusCode.UNAUTHENTICATED
    for key in (("x-api-key", "s3cret"), ("authorization", "Bearer s3cret")):
        assert fake.code("ServerLive", message, metadata=(key,))[0] is StatusCode.OK


def test_a_load_is_guarded_as_admin_is(tmp_path: Path) -> None:
    with served_grpc(tmp_path, engines="fake", host="0.0.0.0") as server:
        load = messages.RepositoryModelLoadRequest(model_name="efficientnet_lite0")
        assert server.code("RepositoryModelLoad", load)[0] is StatusCode.PERMISSION_DENIED


@some_or_many("hundreds", 4, 200)
def test_mutated_messages_are_no_fault_of_the_server(fake: ServedGrpc, hundreds: int) -> None:
    chance = random.Random(5)

    async def a_hundred() -> set[grpc.StatusCode]:
        codes = set()
        async with fake.channel() as channel:
            infer = channel.unary_unary(f"/{SERVICE}/ModelInfer")
            for message in [b"", *(mutated(chance).replace(b"\x05level", b"\x12efficientnet_lite0") for _ in range(100))]:
                try:
                    await infer(message, metadata=(("x-api-key", "s3cret"),))
                    codes.add(StatusCode.OK)
                except grpc.aio.AioRpcError as error:
                    codes.add(error.code())
        return codes

    codes, memory = set(), []
    for _ in range(hundreds):
        codes |= fake.run(a_hundred())
        memory.append(memory_bytes(os.getpid()))
    assert memory[-1] - memory[0] < GROWTH_BYTES
    assert codes <= {StatusCode.OK, StatusCode.INVALID_ARGUMENT, StatusCode.NOT_FOUND}
    assert fake.app.service.body_budget.held_bytes == 0
