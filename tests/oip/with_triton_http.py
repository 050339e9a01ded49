"""Triton's HTTP client, unchanged: HOST:PORT and a folder of pictures whose names are their classes.

It prints how it asked and the answers, as the two other programs do.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

MODEL, SPARE, CLASSES = "level", "spare", 64
NAMES = ("classes", "labels", "probabilities")
OUTPUTS = [triton.InferRequestedOutput(name) for name in NAMES]


def image_input(*pictures: bytes, binary: bool = True) -> list[triton.InferInput]:
    given = triton.InferInput("image", [len(pictures), 1], "BYTES")
    given.set_data_from_numpy(np.array(pictures, np.object_).reshape(-1, 1), binary_data=binary)
    return [given]


def check_descriptions(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL, "1")
    assert not client.is_model_ready("other")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.get_model_metadata(MODEL)["inputs"][0]["datatype"] == "BYTES"
    assert client.get_model_config(MODEL)["max_batch_size"] == 32
    assert client.get_inference_statistics(MODEL)["model_stats"][0]["name"] == MODEL


def refusal(ask: Callable[[], object]) -> str:
    """What the server says when it refuses; empty if it does not."""
    try:
        ask()
    except InferenceServerException as error:
        return str(error.message())
    return ""


def check_errors(client: triton.InferenceServerClient, picture: bytes) -> None:
    assert "There is no model 'other'" in refusal(lambda: client.infer("other", image_input(picture)))
    assert "JPEG" in refusal(lambda: client.infer(MODEL, image_input(picture[:-20])))
    assert "default model" in refusal(lambda: client.unload_model(MODEL))


def check_load(client: triton.InferenceServerClient, picture: bytes) -> None:
    """A model more, which tells the classes from the other end; and the first one anew."""

    def states() -> dict[str, str]:
        return {each["name"]: each["state"] for each in client.get_model_repository_index()}

    assert states() == {MODEL: "READY", SPARE: "UNAVAILABLE"}
    assert not client.is_model_ready(SPARE)
    client.load_model(SPARE)
    assert states() == {MODEL: "READY", SPARE: "READY"}
    assert client.is_model_ready(SPARE)
    assert client.infer(SPARE, image_input(picture)).as_numpy("classes")[0, 0] == CLASSES - 1
    client.unload_model(SPARE)
    assert states() == {MODEL: "READY", SPARE: "UNAVAILABLE"}
    assert "There is no model 'spare'" in refusal(lambda: client.infer(SPARE, image_input(picture)))
    client.load_model(MODEL)
    assert client.infer(MODEL, image_input(picture)).as_numpy("classes")[0, 0] == 0


def check_batch(client: triton.InferenceServerClient, pictures: list[bytes]) -> None:
    best = [triton.InferRequestedOutput("scores", class_count=3)]
    for given in (image_input(pictures[7]), image_input(base64.b64encode(pictures[7]), binary=False)):
        found = client.infer(MODEL, given, outputs=best).as_numpy("scores")[0]
        assert [each.decode().split(":", 1)[1] for each in found] == ["7:level 28", "8:level 32", "6:level 24"]
    batch = client.infer(MODEL, image_input(*pictures), request_id="7", timeout=5_000_000)
    assert batch.get_response()["id"] == "7"
    assert batch.as_numpy("scores").argmax(1).tolist() == list(range(len(pictures)))
    packed = client.infer(MODEL, image_input(pictures[2]), request_compression_algorithm="gzip")
    assert packed.as_numpy("labels")[0, 0] == b"level 8"


def answer(result: Any) -> dict[str, list[Any]]:
    """The best classes."""
    found = {name: result.as_numpy(name)[0].tolist() for name in NAMES}
    return found | {"labels": [each.decode() for each in found["labels"]]}


async def asked_at_once(address: str, pictures: list[bytes]) -> list[Any]:
    async with triton_aio.InferenceServerClient(address) as client:
        return await asyncio.gather(*(client.infer(MODEL, image_input(data), outputs=OUTPUTS) for data in pictures))


def main(address: str, folder: Path) -> None:
    pictures = [path.read_bytes() for path in sorted(folder.iterdir())]
    with triton.InferenceServerClient(address, concurrency=len(pictures)) as client:
        check_descriptions(client)
        check_errors(client, pictures[1])
        check_load(client, pictures[0])
        check_batch(client, pictures)
        pending = [client.async_infer(MODEL, image_input(data), outputs=OUTPUTS) for data in pictures]
        ways = {"async": [each.get_result() for each in pending]}
        ways["sync"] = [client.infer(MODEL, image_input(data), outputs=OUTPUTS) for data in pictures]
    ways["aio"] = asyncio.run(asked_at_once(address, pictures))
    sys.stdout.write(json.dumps({way: list(map(answer, results)) for way, results in ways.items()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[3]))
