"""Remedies for requests of the Open Inference Protocol."""

import base64
import json
from typing import Any

from server.errors import BadRequest, NotFound
from tests.level_model import level_png
from tests.remedies.scenario import Place, Refusal, Scenario, answered, one_of, provokes, said

PATH = "/v2/models/level/infer"


def _request() -> dict[str, Any]:
    return {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(level_png(40)).decode()]}]}


@provokes(BadRequest)
def input_by_the_name_of_another_model(place: Place) -> Scenario:
    request = _request()
    request["inputs"][0]["name"] = "data"

    def mend(words: str) -> None:
        said(words, "BYTES", "[N]")
        request["inputs"][0]["name"] = one_of(words, "Send one input named")

    return Scenario(lambda: answered(place.send("POST", PATH, json=request)), mend)


@provokes(BadRequest)
def output_by_the_name_of_another_model(place: Place) -> Scenario:
    request = _request() | {"outputs": [{"name": "output"}]}

    def mend(words: str) -> None:
        request["outputs"] = [{"name": one_of(words, "The outputs are")}]

    return Scenario(lambda: answered(place.send("POST", PATH, json=request)), mend)


@provokes(BadRequest)
def json_of_a_wrong_length(place: Place) -> Scenario:
    image = level_png(40)
    request = {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(image) + 4}}]}
    text = json.dumps(request).encode()
    body = text + len(image).to_bytes(4, "little") + image
    lengths = [len(body) + 1]

    def attempt() -> Refusal | None:
        return answered(place.send("POST", PATH, content=body, headers={"Inference-Header-Content-Length": str(lengths[-1])}))

    def mend(words: str) -> None:
        said(words, "Send the number of bytes of the JSON")
        lengths.append(len(text))

    return Scenario(attempt, mend)


@provokes(NotFound)
def version_that_is_not_served(place: Place) -> Scenario:
    versions = ["7"]
    return Scenario(
        lambda: answered(place.send("POST", f"/v2/models/level/versions/{versions[-1]}/infer", json=_request())),
        lambda words: versions.append(one_of(words, "Served:")),
    )


@provokes(NotFound)
def model_that_is_misspelt_in_a_request(place: Place) -> Scenario:
    names = ["levl"]

    def attempt() -> Refusal | None:
        replies = [
            place.send("POST", f"/v2/models/{names[-1]}/infer", json=_request()),
            place.send("POST", "/classify", params={"model": names[-1]}, content=level_png(40)),
        ]
        return next(filter(None, map(answered, replies)), None)

    return Scenario(attempt, lambda words: names.append(one_of(words, "Served:")))
