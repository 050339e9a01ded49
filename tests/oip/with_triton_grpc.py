"""Triton's gRPC client, unchanged: sync, async, streaming. HOST:PORT and a folder of pictures whose names are their classes.

It prints how it asked and the answers, as the two other programs do. With an API key as the last word the server is one behind Ray
Serve, which loads no model for a client.
"""

import asyncio
import json
import queue
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tritonclient.utils import InferenceServerException

MODEL, SPARE, CLASSES = "level", "spare", 64
NAMES = ("classes", "labels", "probabilities")
OUTPUTS = [triton.InferRequestedOutput(name) for name in NAMES]


def image_input(*pictures: bytes) -> list[triton.InferInput]:
    given = triton.InferInput("image", [len(pictures), 1], "BYTES")
    given.set_data_from_numpy(np.array(pictures, np.object_).reshape(-1, 1))
    return [given]


def check_descriptions(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL, "1")
    assert "classification" in client.get_server_metadata().extensions
    assert client.get_model_metadata(MODEL, as_json=True)["outputs"][0]["shape"] == ["-1", "64"]
    assert client.get_model_config(MODEL).config.output[0].label_filename == "level.names"
    assert client.get_inference_statistics(MODEL).model_stats[0].inference_count >= 0
    assert client.get_model_repository_index().models[0].state == "READY"


def refusal(ask: Callable[[], object]) -> str:
    """The status with which the server refuses; empty if it does not."""
    try:
        ask()
    except InferenceServerException as error:
        return str(error.status()).removeprefix("StatusCode.")
    return ""


def check_load(client: triton.InferenceServerClient, picture: bytes) -> None:
    """A model more, which tells the classes from the other end; and the first one anew."""

    def states() -> dict[str, str]:
        return {each.name: each.state for each in client.get_model_repository_index().models}

    assert states() == {MODEL: "READY", SPARE: "UNAVAILABLE"}
    client.load_model(SPARE)
    assert states() == {MODEL: "READY", SPARE: "READY"}
    assert client.infer(SPARE, image_input(picture)).as_numpy("classes")[0, 0] == CLASSES - 1
    client.unload_model(SPARE)
    assert states() == {MODEL: "READY", SPARE: "UNAVAILABLE"}
    assert refusal(lambda: client.infer(SPARE, image_input(picture))) == "NOT_FOUND"
    assert refusal(lambda: client.unload_model(MODEL)) == "FAILED_PRECONDITION"
    client.load_model(MODEL)
    assert client.infer(MODEL, image_input(picture)).as_numpy("classes")[0, 0] == 0


def check_batch(client: triton.InferenceServerClient, pictures: list[bytes]) -> None:
    assert refusal(lambda: client.infer("other", image_input(pictures[1]))) == "NOT_FOUND"
    assert refusal(lambda: client.infer(MODEL, image_input(pictures[1][:-20]))) == "INVALID_ARGUMENT"
    best = client.infer(MODEL, image_input(pictures[7]), outputs=[triton.InferRequestedOutput("scores", class_count=3)])
    assert [each.decode().split(":", 1)[1] for each in best.as_numpy("scores")[0]] == ["7:level 28", "8:level 32", "6:level 24"]
    batch = client.infer(MODEL, image_input(*pictures), request_id="7", client_timeout=30)
    assert batch.get_response().id == "7"
    assert batch.as_numpy("scores").argmax(1).tolist() == list(range(len(pictures)))


class Key:
    """A plugin of the client: the API key in each call."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: Any) -> None:
        request.headers["x-api-key"] = self._key


def answer(result: Any) -> dict[str, list[Any]]:
    """The best classes."""
    found = {name: result.as_numpy(name)[0].tolist() for name in NAMES}
    return found | {"labels": [each.decode() for each in found["labels"]]}


async def asked_at_once(address: str, pictures: list[bytes], key: str) -> list[Any]:
    async with triton_aio.InferenceServerClient(address) as client:
        if key:
            client.register_plugin(Key(key))
        return await asyncio.gather(*(client.infer(MODEL, image_input(data), outputs=OUTPUTS) for data in pictures))


def asked(client: triton.InferenceServerClient, pictures: list[bytes]) -> dict[str, list[Any]]:
    """All pictures at once: by threads, with callbacks, and in a stream; the answers in the order of the pictures."""
    with ThreadPoolExecutor(len(pictures)) as pool:
        ways = {"sync": list(pool.map(lambda data: client.infer(MODEL, image_input(data), outputs=OUTPUTS), pictures))}
    done: queue.Queue[tuple[Any, Any]] = queue.Queue()

    def told(result: Any, error: Any) -> None:
        done.put((result, error))

    client.start_stream(told)
    for way, ask in (("async", partial(client.async_infer, callback=told)), ("stream", client.async_stream_infer)):
        for number, data in enumerate(pictures):
            ask(MODEL, image_input(data), request_id=str(number), outputs=OUTPUTS)
        found = {}
        for _ in pictures:
            result, error = done.get(timeout=60)
            assert error is None, error
            found[int(result.get_response().id)] = result
        ways[way] = [found[number] for number in range(len(pictures))]
    client.stop_stream()
    return ways


def main(address: str, folder: Path, key: str = "") -> None:
    pictures = [path.read_bytes() for path in sorted(folder.iterdir())]
    with triton.InferenceServerClient(address) as client:
        if key:
            client.register_plugin(Key(key))
        check_descriptions(client)
        check_batch(client, pictures)
        if key:
            assert refusal(lambda: client.load_model(MODEL)) == "PERMISSION_DENIED"
        else:
            check_load(client, pictures[0])
        ways = asked(client, pictures)
    ways["aio"] = asyncio.run(asked_at_once(address, pictures, key))
    sys.stdout.write(json.dumps({way: list(map(answer, results)) for way, results in ways.items()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
