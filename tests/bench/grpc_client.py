"""The load client over gRPC, a closed loop in a process of its own. It sends the same bytes again and again, and parses no answer."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time

import grpc
import uvloop

from tests.bench.client import WARM_UP_S, Answered, Figures, Load, figures

METHOD = "/inference.GRPCInferenceService/ModelInfer"
LARGEST_BYTES = 64 * 1024 * 1024


async def drive(load: Load, message: bytes) -> Figures:
    """Send a message, over one channel a connection."""
    answers, until_s = list[Answered](), perf_counter() + WARM_UP_S + load.seconds

    async def ask() -> None:
        options = [("grpc.max_send_message_length", LARGEST_BYTES), ("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(load.url, options) as channel:
            infer = channel.unary_unary(METHOD)  # bytes in, bytes out
            while (began_s := perf_counter()) < until_s:
                try:
                    await infer(message)
                    status = 200
                except grpc.aio.AioRpcError as error:
                    status = 429 if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED else 500
                answers.append(Answered(status, perf_counter(), perf_counter() - began_s))

    start_s, cpu_s = perf_counter() + WARM_UP_S, process_time()
    await asyncio.gather(*(ask() for _ in range(load.connections)))
    found = figures([one for one in answers if start_s <= one.at_s < start_s + load.seconds], load.seconds)
    found["answered"] = sum(one.status == 200 for one in answers)
    found["client_cores"] = (process_time() - cpu_s) / (WARM_UP_S + load.seconds)
    return found


def run(load: Load) -> Figures:
    """Send a load from a process of its own; its `url` is host:port."""
    command = [sys.executable, "-m", "tests.bench.grpc_client", json.dumps(load.__dict__)]
    found: Figures = json.loads(subprocess.check_output(command))
    return found


if __name__ == "__main__":
    asked = Load(**json.loads(sys.argv[1]))
    sys.stdout.write(json.dumps(uvloop.run(drive(asked, Path(asked.path).read_bytes()))))
