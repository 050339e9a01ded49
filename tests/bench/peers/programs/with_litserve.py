"""LitServe: a worker process a core, each with a thread of inference; it takes a picture as a form's field."""

import os
from typing import Any

import litserve
from fastapi import Request
from network import Arguments, Network

arguments = Arguments.of_command_line()


class Classify(litserve.LitAPI):
    """Classifies the picture of the form's field `image`."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe calls it so
        """Compile the network."""
        self.network = Network(arguments, INFERENCE_NUM_THREADS=1, NUM_STREAMS=1)

    def decode_request(self, request: Request) -> bytes:
        """The bytes of the picture."""
        field: Any = request["image"]
        content: bytes = field.file.read()
        return content

    def predict(self, image: bytes) -> list[dict[str, float]]:
        """The best classes."""
        return self.network.classify(image)

    def encode_response(self, predictions: list[dict[str, float]]) -> dict[str, object]:
        """The answer."""
        return {"predictions": predictions}


if __name__ == "__main__":
    server = litserve.LitServer(
        Classify(api_path="/classify"), accelerator="cpu", workers_per_device=len(os.sched_getaffinity(0)), timeout=60
    )
    server.run(host="127.0.0.1", port=arguments.port, generate_client_file=False, log_level="warning", access_log=False)
