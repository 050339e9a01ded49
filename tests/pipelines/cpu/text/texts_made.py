"""Pipeline texts for the tests of the parser: one valid stream, and ways to change it."""

import json
from collections.abc import Callable
from typing import Any

Elements = dict[str, Any]
Change = Callable[[Elements], object]

CHAIN: list[tuple[str, dict[str, str]]] = [
    ("appsrc", {"blocksize": "409600"}),
    ("mxpi_imagedecoder", {"handleMethod": "opencv"}),
    ("mxpi_imageresize", {"handleMethod": "opencv", "resizeHeight": "224", "resizeWidth": "224"}),
    ("mxpi_tensorinfer", {"modelPath": "m.om", "waitingTime": "1"}),
    ("mxpi_dataserialize", {"outputDataKeys": "mxpi_tensorinfer0"}),
    ("appsink", {"blocksize": "4096000"}),
]


def elements() -> Elements:
    """One stream, as people write it."""
    made: Elements = {"stream_config": {"deviceId": "0"}}
    for number, (factory, props) in enumerate(CHAIN):
        made[f"{factory}0"] = {"props": dict(props), "factory": factory}
        if number + 1 < len(CHAIN):
            made[f"{factory}0"]["next"] = f"{CHAIN[number + 1][0]}0"
    return made


def changed(change: Change) -> bytes:
    stream = elements()
    change(stream)
    return json.dumps({"S": stream}, ensure_ascii=False).encode()


def put(*path: str, value: object) -> Change:
    def change(stream: Elements) -> None:
        for key in path[:-1]:
            stream = stream.setdefault(key, {})
        stream[path[-1]] = value

    return change


def drop(*path: str) -> Change:
    def change(stream: Elements) -> None:
        for key in path[:-1]:
            stream = stream[key]
        del stream[path[-1]]

    return change


VALID = changed(lambda _: None)
