"""KServe's REST and gRPC clients, unchanged: HTTP and gRPC addresses and a folder of pictures whose names are their classes."""

import asyncio
import sys
from pathlib import Path

import numpy as np
from kserve import InferInput, InferRequest, InferResponse
from kserve.inference_client import InferenceGRPCClient, InferenceRESTClient, RESTConfig

MODEL = "level"


def request(picture: bytes) -> InferRequest:
    given = InferInput("image", [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[picture]], np.object_), binary_data=True)
    return InferRequest(model_name=MODEL, infer_inputs=[given])


def best(reply: InferResponse) -> int:
    output = next(each for each in reply.outputs if each.name == "classes")
    return int(np.asarray(output.as_numpy()).ravel()[0])


async def check(http: str, grpc: str, pictures: dict[int, bytes]) -> None:
    rest, url = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60)), f"http://{http}"
    assert await rest.is_server_live(url)
    assert await rest.is_server_ready(url)
    assert await rest.is_model_ready(url, model_name=MODEL)
    replies = await asyncio.gather(*(rest.infer(url, request(data), model_name=MODEL) for data in pictures.values()))
    assert [best(reply) for reply in replies] == list(pictures)
    await rest.close()
    async with InferenceGRPCClient(grpc, verbose=False) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready(model_name=MODEL)
        replies = await asyncio.gather(*(client.infer(request(data)) for data in pictures.values()))
        assert [best(reply) for reply in replies] == list(pictures)
    sys.stdout.write("all answered\n")


if __name__ == "__main__":
    found = {int(path.stem): path.read_bytes() for path in Path(sys.argv[3]).glob("*.png")}
    asyncio.run(check(sys.argv[1], sys.argv[2], found))
