"""What a request costs the server by protocol: /classify, `infer` with the binary extension, gRPC.

The null engine answers, so nothing else counts.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from server.grpc.open_inference_pb2 import ModelInferRequest
from tests.bench import client, grpc_client
from tests.bench.client import Figures, Load
from tests.bench.peers.peer_server import free_port
from tests.bench.served import ServedModel
from tests.bench.table import Goal

MODEL = "efficientnet_lite0"  # the name that the server gives its null engine
CONNECTIONS = 32
CLASSES = 5
GOAL = 1.3


@dataclass
class Protocol:
    """One way to ask, and all measurements so far."""

    name: str
    send: Callable[[ServedModel, int, float], Figures]
    loads: list[Figures] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def compare_protocols(image: Path, rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Protocol]:
    """Measure all in turns at one server; the first is /classify."""
    port = free_port()
    found = [Protocol("/classify", _classify(image)), Protocol("infer, binary", _infer(image)), Protocol("gRPC", _grpc(image))]
    with ServedModel(engines="fake", grpc_port=port, window=2 * CONNECTIONS) as server:
        for number in range(1, rounds + 1):
            for protocol in found:
                tell(f"round {number} of {rounds}: {protocol.name}")
                before_s = server.cpu_s()
                load = protocol.send(server, port, seconds)
                protocol.cpu_ms.append((server.cpu_s() - before_s) / max(1, load["answered"]) * 1000)
                protocol.loads.append(load)
    return found


def _classify(image: Path) -> Callable[[ServedModel, int, float], Figures]:
    return lambda server, _port, seconds: client.run(Load(server.url, str(image), CONNECTIONS, seconds))


def _infer(image: Path) -> Callable[[ServedModel, int, float], Figures]:
    content = image.read_bytes()
    element = len(content).to_bytes(4, "little") + content
    tensor = {"name": "image", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(element)}}
    output = {"name": "scores", "parameters": {"classification": CLASSES, "binary_data": True}}
    head = json.dumps({"inputs": [tensor], "outputs": [output]}).encode()
    body = image.with_suffix(".infer")
    body.write_bytes(head + element)
    target = f"/v2/models/{MODEL}/infer"
    return lambda server, _port, seconds: client.run(
        Load(server.url, str(body), CONNECTIONS, seconds, content_type="application/octet-stream", target=target, head_bytes=len(head))
    )


def _grpc(image: Path) -> Callable[[ServedModel, int, float], Figures]:
    content = image.read_bytes()
    message = ModelInferRequest(model_name=MODEL, raw_input_contents=[len(content).to_bytes(4, "little") + content])
    message.inputs.add(name="image", datatype="BYTES", shape=[1])
    message.outputs.add(name="scores").parameters["classification"].int64_param = CLASSES
    body = image.with_suffix(".grpc")
    body.write_bytes(message.SerializeToString())
    return lambda _server, port, seconds: grpc_client.run(Load(f"127.0.0.1:{port}", str(body), CONNECTIONS, seconds))


def protocol_lines(found: list[Protocol]) -> Iterator[str]:
    """A Markdown table, medians of all rounds; then the goals."""
    yield "| Protocol | requests/s | p50 ms | p99 ms | CPU-ms | ÷ /classify | client cores |"
    yield "|---|---|---|---|---|---|---|"
    ratios = {one.name: median(cpu / first for cpu, first in zip(one.cpu_ms, found[0].cpu_ms, strict=True)) for one in found}
    for one in found:
        rate, p50_ms, p99_ms, cores = (median(load[key] for load in one.loads) for key in ("rate", "p50_ms", "p99_ms", "client_cores"))
        yield f"| {one.name} | {rate:.0f} | {p50_ms:.1f} | {p99_ms:.1f} | {median(one.cpu_ms):.3f} | {ratios[one.name]:.2f} | {cores:.2f} |"
    yield ""
    for one in found[1:]:
        yield str(Goal(f"{one.name}: CPU-ms ÷ that of /classify", ratios[one.name], GOAL, at_least=False))
