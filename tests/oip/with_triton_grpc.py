"""Triton's gRPC client, unchanged: sync, async, streaming. HOST:PORT and a folder of pictures whose names are their classes.

With an API key as the last word the server is one behind Ray Serve, which loads no model for a client.
"""

import queue
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

MODEL = "level"


def image_input(pictures: list[bytes]) -> triton.InferInput:
    given = triton.InferInput("image", [len(pictures), 1], "BYTES")
    given.set_data_from_numpy(np.array(pictures, np.object_).reshape(-1, 1))
    return given


def check_descriptions(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL, "1")
    assert "classification" in client.get_server_metadata().extensions
    assert client.get_model_metadata(MODEL, as_json=True)["outputs"][0]["shape"] == ["-1", "64"]
    assert client.get_model_config(MODEL).config.output[0].label_filename == "level.names"
    assert client.get_inference_statistics(MODEL).model_stats[0].inference_count >= 0
    assert client.get_model_repository_index().models[0].state == "READY"


def check_load(client: triton.InferenceServerClient, *, refused: bool) -> None:
    found = ""
    try:
        client.load_model(MODEL)
    except InferenceServerException as error:
        found = error.status()
    assert found == ("StatusCode.PERMISSION_DENIED" if refused else ""), found


def check_errors(client: triton.InferenceServerClient, picture: bytes) -> None:
    for model, data, code in (("other", picture, "NOT_FOUND"), (MODEL, picture[:-20], "INVALID_ARGUMENT")):
        found = ""
        try:
            client.infer(model, [image_input([data])])
        except InferenceServerException as error:
            found = error.status()
        assert found == f"StatusCode.{code}", found


class Key:
    """A plugin of the client: the API key in each call."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: Any) -> None:
        request.headers["x-api-key"] = self._key


def main(address: str, folder: Path, key: str = "") -> None:
    pictures = {int(path.stem): path.read_bytes() for path in folder.glob("*.png")}
    with triton.InferenceServerClient(address) as client:
        if key:
            client.register_plugin(Key(key))
        check_descriptions(client)
        check_load(client, refused=bool(key))
        check_errors(client, pictures[1])
        outputs = [triton.InferRequestedOutput("classes"), triton.InferRequestedOutput("scores", class_count=3)]
        done: queue.Queue[tuple[int, Any, Any]] = queue.Queue()
        for number, data in pictures.items():
            client.async_infer(
                MODEL, [image_input([data])], lambda result, error, number=number: done.put((number, result, error)), outputs=outputs
            )
        for _ in pictures:
            number, result, error = done.get(timeout=60)
            assert error is None, error
            assert result.as_numpy("classes")[0, 0] == number
            assert result.as_numpy("scores")[0, 0].decode().split(":", 2)[1:] == [str(number), f"level {4 * number}"]
        batch = client.infer(MODEL, [image_input(list(pictures.values()))], request_id="7", client_timeout=30)
        assert batch.get_response().id == "7"
        assert batch.as_numpy("scores").argmax(1).tolist() == list(pictures)
        client.start_stream(lambda result, error: done.put((0, result, error)))
        for number, data in pictures.items():
            client.async_stream_infer(MODEL, [image_input([data])], request_id=str(number), outputs=outputs)
        for _ in pictures:
            _, result, error = done.get(timeout=60)
            assert error is None, error
            assert result.as_numpy("classes")[0, 0] == int(result.get_response().id)
        client.stop_stream()
    sys.stdout.write("all answered\n")


if __name__ == "__main__":
    main(sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
