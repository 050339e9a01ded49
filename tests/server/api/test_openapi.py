"""The OpenAPI document says what the routes do."""

import json
import re
from importlib.metadata import version

from pydantic import BaseModel

import server.app  # noqa: F401 - so that the replies of all routes are known
from server.api import schemas, status_schemas
from server.api.guard import OPEN_PATHS
from server.api.openapi import error_classes
from server.api.statuses import status_of
from server.oip.protocol_reply import ProtocolReply
from tests.server.process import ServerProcess

OF_THE_PROTOCOL = (
    "oip_all_statistics",
    *(f"oip_{name}{ending}" for name in ("config", "infer", "labels", "model", "model_ready") for ending in ("", "_version")),
    *(
        "oip_index",
        "oip_live",
        "oip_load",
        "oip_models",
        "oip_ready",
        "oip_server",
        "oip_statistics",
        "oip_statistics_version",
        "oip_unload",
    ),
)


def test_statuses_come_from_the_error_tree(fake_server: ServerProcess) -> None:
    document = fake_server.client.get("/openapi.json").json()
    for path in ("/classify", "/classify/batch"):
        documented = document["paths"][path]["post"]["responses"]
        assert {int(status) for status in documented} == {200} | {int(status_of(error)) for error in error_classes()}
        for error in error_classes():
            assert f"`{error.code}`" in documented[str(int(status_of(error)))]["description"]


def reply_models(root: type[BaseModel]) -> set[type[BaseModel]]:
    return {root}.union(*(reply_models(child) for child in root.__subclasses__()))


def test_the_components_are_the_schemas_and_nothing_else(fake_server: ServerProcess) -> None:
    """Each once, by its title; all are pointed at, and whatever is pointed at is there."""
    document = fake_server.client.get("/openapi.json").json()
    components = document["components"]["schemas"]
    bases = schemas._Reply, status_schemas._Part, ProtocolReply
    titles = [kind.model_json_schema()["title"] for base in bases for kind in reply_models(base) - {base}]
    assert sorted(components) == sorted([*titles, "JobState", "Sample"])
    assert {"Answer", "BatchAnswer", "Error", "Evaluation", "Health", "Info", "Prediction", "Reloaded"} < set(components)
    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document))) == set(components)


def test_who_needs_the_key_is_told_so(fake_server: ServerProcess) -> None:
    paths = fake_server.client.get("/openapi.json").json()["paths"]
    wanted = {path for path, operations in paths.items() for operation in operations.values() if "401" in operation["responses"]}
    assert wanted == {path for path in paths if not path.startswith(OPEN_PATHS)}
    assert {"/classify", "/evaluate", "/evaluate/{job_id}/report"} <= wanted


def test_the_keys_are_in_the_document_where_the_server_has_some(fake_server: ServerProcess, keyed_server: ServerProcess) -> None:
    assert "securit" not in fake_server.client.get("/openapi.json").text
    document = keyed_server.client.get("/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    assert schemes["ApiKey"] == {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
    assert (schemes["Bearer"]["type"], schemes["Bearer"]["scheme"]) == ("http", "bearer")
    for path, operations in document["paths"].items():
        for operation in operations.values():
            needs_none = path.startswith(OPEN_PATHS)
            assert operation.get("security") == (None if needs_none else [{"ApiKey": []}, {"Bearer": []}]), path


def test_the_document_tells_what_a_generator_of_clients_needs(fake_server: ServerProcess) -> None:
    document = fake_server.client.get("/openapi.json").json()
    assert document["info"]["license"] == {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    assert document["info"]["contact"]["name"]
    assert document["info"]["version"] == version("ascend-classify")
    ids = [operation["operationId"] for operations in document["paths"].values() for operation in operations.values()]
    assert sorted(ids) == sorted(
        [
            "cancel_evaluation",
            "classify",
            "classify_batch",
            "compare_evaluations",
            "drain",
            "evaluate",
            "evaluation",
            "evaluation_events",
            "evaluation_predictions",
            "evaluation_report",
            "evaluations",
            "explain",
            "health_live",
            "health_ready",
            "info",
            "load_model",
            "metrics",
            "models",
            *OF_THE_PROTOCOL,
            "reload_model",
            "resume_evaluation",
            "status",
            "unload_model",
        ]
    )


def test_every_route_tells_how_it_refuses(fake_server: ServerProcess) -> None:
    paths = fake_server.client.get("/openapi.json").json()["paths"]
    assert set(paths["/evaluate"]["post"]["responses"]) == {"202", "400", "401", "403", "404", "408", "413", "415", "429", "500"}
    assert set(paths["/evaluate/{job_id}/report"]["get"]["responses"]) == {"200", "401", "403", "404", "409", "429", "500"}
    allowed = fake_server.client.put("/evaluate").headers["allow"]
    assert allowed == "GET, HEAD, POST"


def test_docs_need_no_network(fake_server: ServerProcess) -> None:
    page = fake_server.client.get("/docs").text
    assert "https://" not in page
    assert fake_server.client.get("/docs-assets/swagger-ui-bundle.js").status_code == 200
