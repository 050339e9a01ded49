"""The OpenAPI document says what the routes do."""

from server.api.openapi import error_classes
from tests.server.process import ServerProcess


def test_statuses_come_from_the_error_tree(fake_server: ServerProcess) -> None:
    document = fake_server.client.get("/openapi.json").json()
    for path in ("/classify", "/classify/batch"):
        documented = document["paths"][path]["post"]["responses"]
        assert {int(status) for status in documented} == {200} | {int(error.status) for error in error_classes()}
        for error in error_classes():
            assert f"`{error.code}`" in documented[str(int(error.status))]["description"]


def test_who_needs_the_key_is_told_so(fake_server: ServerProcess) -> None:
    paths = fake_server.client.get("/openapi.json").json()["paths"]
    wanted = {path for path, operations in paths.items() for operation in operations.values() if "401" in operation["responses"]}
    assert wanted == {"/classify", "/classify/batch", "/info", "/metrics"}


def test_docs_need_no_network(fake_server: ServerProcess) -> None:
    page = fake_server.client.get("/docs").text
    assert "https://" not in page
    assert fake_server.client.get("/docs-assets/swagger-ui-bundle.js").status_code == 200
