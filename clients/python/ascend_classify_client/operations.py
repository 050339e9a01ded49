"""What both clients can do, as plans; `batches.py` has that of many images."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ascend_classify_client.answers import Answer, Evaluation, read_answer, read_evaluation
from ascend_classify_client.client_errors import AnswerInvalid, EvaluationFailed, SetInvalid
from ascend_classify_client.exchange import FULL, Ask, Body, Plan, Wait, answered, read_json
from ascend_classify_client.image_sources import Image, source
from ascend_classify_client.labelled_folder import CONTENT_TYPE, upload
from ascend_classify_client.retries import Retries

FIRST_LOOK_S, LONGEST_LOOK_S = 0.2, 2.0


def options(**told: object) -> dict[str, str]:
    """The options that are given, as the server takes them."""
    return {name: str(value) for name, value in told.items() if value is not None}


def map_text(label_map: Mapping[str, str] | None) -> str | None:
    """Labels that stand for several classes, as the server takes them; raises SetInvalid for a label that cannot be written so."""
    if strange := [label for label in label_map or () if "," in label]:
        raise SetInvalid(f"The label {strange[0]!r} has a comma, which the map of labels cannot have.")
    return ",".join(f"{label}={classes}" for label, classes in label_map.items()) if label_map else None


def classify(image: Image, params: Mapping[str, str], retries: Retries) -> Plan[Answer]:
    """One image; raises ClientError."""
    read = source(image).read
    headers = {"Content-Type": "application/octet-stream"}
    return read_answer(read_json((yield from answered(Ask("POST", "/classify", params, headers, lambda: Body(read())), retries))))


def get_object(path: str, retries: Retries) -> Plan[dict[str, Any]]:
    """The object at a path; raises ClientError."""
    told = read_json((yield from answered(Ask("GET", path), retries)))
    if not isinstance(told, dict):
        raise AnswerInvalid(f"The answer at {path} is not an object.")
    return told


def submit(source: Path | str | None, fields: Mapping[str, str], retries: Retries) -> Plan[Evaluation]:
    """Begin an evaluation: of an uploaded folder or archive, or without one of the folder of the server that `dataset` names."""
    if source is None:
        headers, content = {"Content-Type": "application/json"}, json.dumps(_typed(fields)).encode()
        ask = Ask("POST", "/evaluate", {}, headers, lambda: Body(content), FULL, repeatable=False)
    else:
        path = Path(source)
        if not path.exists():
            raise SetInvalid(f"There is no folder or archive {path}.")
        headers = {"Content-Type": CONTENT_TYPE}
        ask = Ask("POST", "/evaluate", {}, headers, lambda: Body(pieces=upload(path, fields)), FULL, repeatable=False)
    return read_evaluation(read_json((yield from answered(ask, retries))))


def followed(id: str, progress: Callable[[Evaluation], None] | None, retries: Retries) -> Plan[dict[str, Any]]:  # noqa: A002
    """The report, when the evaluation is finished; raises EvaluationFailed and other ClientErrors."""
    look_s = FIRST_LOOK_S
    while True:
        now = read_evaluation((yield from get_object(f"/evaluate/{id}", retries)))
        if progress:
            progress(now)
        if now.is_over:
            break
        yield Wait(look_s)
        look_s = min(1.5 * look_s, LONGEST_LOOK_S)
    if now.state != "finished":
        raise EvaluationFailed(id, f"The evaluation {id} is {now.state}: {now.error or 'somebody cancelled it'}")
    return (yield from get_object(f"/evaluate/{id}/report", retries))


def changed(method: str, path: str, retries: Retries) -> Plan[Evaluation]:
    """Cancel or resume an evaluation; raises ClientError."""
    ask = Ask(method, path, again=FULL, repeatable=False)
    return read_evaluation(read_json((yield from answered(ask, retries))))


def _typed(fields: Mapping[str, str]) -> dict[str, object]:
    return {name: int(value) if name in ("top_k", "limit") else value for name, value in fields.items()}
