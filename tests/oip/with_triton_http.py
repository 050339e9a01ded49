"""Triton's HTTP client, unchanged: HOST:PORT and a folder of pictures whose names are their classes."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

MODEL = "level"


def image_input(pictures: list[bytes], *, binary: bool = True) -> triton.InferInput:
    given = triton.InferInput("image", [len(pictures), 1], "BYTES")
    given.set_data_from_numpy(np.array(pictures, np.object_).reshape(-1, 1), binary_data=binary)
    return given


def check_descriptions(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL, "1")
    assert not client.is_model_ready("other")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.get_model_metadata(MODEL)["inputs"][0]["datatype"] == "BYTES"
    assert client.get_model_config(MODEL)["max_batch_size"] == 32
    assert client.get_inference_statistics(MODEL)["model_stats"][0]["name"] == MODEL
    assert client.get_model_repository_index()[0]["state"] == "READY"
    client.load_model(MODEL)


def refusal(ask: Callable[[], object]) -> str:
    """What the server says when it refuses; empty if it does not."""
    try:
        ask()
    except InferenceServerException as error:
        return str(error.message())
    return ""


def check_errors(client: triton.InferenceServerClient, picture: bytes) -> None:
    assert "There is no model 'other'" in refusal(lambda: client.infer("other", [image_input([picture])]))
    assert "PNG" in refusal(lambda: client.infer(MODEL, [image_input([picture[:-20]])]))
    assert "MODEL_CONTROL" in refusal(lambda: client.unload_model(MODEL))


def main(address: str, folder: Path) -> None:
    pictures = {int(path.stem): path.read_bytes() for path in folder.glob("*.png")}
    with triton.InferenceServerClient(address, concurrency=32) as client:
        check_descriptions(client)
        check_errors(client, pictures[1])
        classes = [triton.InferRequestedOutput("classes", binary_data=True), triton.InferRequestedOutput("scores", class_count=3)]
        asked = {number: client.async_infer(MODEL, [image_input([data])], outputs=classes) for number, data in pictures.items()}
        for number, pending in asked.items():
            reply = pending.get_result()
            assert reply.as_numpy("classes")[0, 0] == number
            best = reply.as_numpy("scores")[0]
            assert best[0].decode().split(":", 2)[1:] == [str(number), f"level {4 * number}"]
            assert len(best) == 3
        batch = client.infer(MODEL, [image_input(list(pictures.values()))], request_id="7", timeout=5_000_000)
        assert batch.get_response()["id"] == "7"
        assert batch.as_numpy("scores").argmax(1).tolist() == list(pictures)
        packed = client.infer(MODEL, [image_input([pictures[2]])], request_compression_algorithm="gzip")
        assert packed.as_numpy("labels")[0, 0] == b"level 8"
    sys.stdout.write("all answered\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[3]))
