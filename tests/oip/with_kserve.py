"""KServe's REST and gRPC clients, unchanged: HTTP and gRPC addresses and a folder of pictures whose names are their classes.

It prints how it asked and the answers, as the two other programs do.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
from kserve import InferInput, InferRequest, InferResponse
from kserve.inference_client import InferenceGRPCClient, InferenceRESTClient, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

MODEL = "level"
Ask = Callable[[InferRequest], Awaitable[InferResponse]]


def request(picture: bytes, model: str = MODEL, **options: Any) -> InferRequest:
    given = InferInput("image", [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[picture]], np.object_), binary_data=True)
    return InferRequest(model_name=model, infer_inputs=[given], **options)


def values(reply: InferResponse, name: str) -> list[Any]:
    """An output of one picture: over gRPC a text is bytes."""
    output = next(each for each in reply.outputs if each.name == name)
    return [each.decode() if isinstance(each, bytes) else each for each in output.as_numpy().ravel().tolist()]


async def refusal(ask: Awaitable[InferResponse]) -> Any:
    """The status with which the server refuses; None if it does not."""
    try:
        await ask
    except httpx.HTTPStatusError as error:
        return error.response.status_code
    except grpc.aio.AioRpcError as error:
        return error.code()
    return None


async def answers(ask: Ask, pictures: list[bytes], refused: tuple[Any, Any]) -> list[dict[str, list[Any]]]:
    """What it says to each of the pictures, asked at once; after what it refuses, and a classification."""
    assert (await refusal(ask(request(pictures[1], "other"))), await refusal(ask(request(pictures[1][:-20])))) == refused
    best = await ask(request(pictures[7], request_id="7", request_outputs=[RequestedOutput("scores", {"classification": 3})]))
    assert best.id == "7"
    assert [each.split(":", 1)[1] for each in values(best, "scores")] == ["7:level 28", "8:level 32", "6:level 24"]
    replies = await asyncio.gather(*map(ask, map(request, pictures)))
    return [{name: values(reply, name) for name in ("classes", "labels", "probabilities")} for reply in replies]


async def main(http: str, address: str, pictures: list[bytes]) -> None:
    rest, url = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60)), f"http://{http}"
    assert await rest.is_server_live(url)
    assert await rest.is_server_ready(url)
    assert await rest.is_model_ready(url, model_name=MODEL)
    ways = {"rest": await answers(lambda given: rest.infer(url, given, model_name=given.model_name), pictures, (404, 422))}
    await rest.close()
    async with InferenceGRPCClient(address, verbose=False) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready(model_name=MODEL)
        refused = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
        ways["grpc"] = await answers(client.infer, pictures, refused)
    sys.stdout.write(json.dumps(ways) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], [path.read_bytes() for path in sorted(Path(sys.argv[3]).iterdir())]))
