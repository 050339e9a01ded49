"""FastAPI with a thread pool, and nothing else."""

import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from network import Arguments, Network

arguments = Arguments.of_command_line()
network = Network(arguments)
app = FastAPI()


@app.post("/classify")
async def classify(request: Request) -> dict[str, object]:
    """Classify the picture in the body."""
    return {"predictions": await run_in_threadpool(network.classify, await request.body())}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning", access_log=False)
