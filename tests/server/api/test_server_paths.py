"""Answers to clients name no folder of the server."""

import pytest

from server.api.server_paths import without_folders


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/srv/models/cat/cat.onnx is missing.", "cat.onnx is missing."),
        ("modelPath '/srv/m/x.om': the file /srv/m/x.onnx does not exist", "modelPath 'x.om': the file x.onnx does not exist"),
        ("Run: ascend-classify models renew cat --model-store /srv/models", "Run: ascend-classify models renew cat --model-store models"),
        ("FileNotFoundError(2, 'No such file', '/home/a.b/c-d/labels')", "FileNotFoundError(2, 'No such file', 'labels')"),
        ("Cannot write (/var/lib/x/).", "Cannot write ()."),
        ("Set EVALUATION_DIR to a folder.", "Set EVALUATION_DIR to a folder."),
    ],
)
def test_of_an_absolute_path_the_last_name_is_left(text: str, told: str) -> None:
    assert without_folders(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "Wait for /health/ready.",
        "DELETE /evaluate/{id} removes one.",
        "GET /evaluate/2e8f4ec1663fd68e shows its progress.",
        "POST /admin/models/reload and /classify/batch; GET /docs lists the routes.",
        "http://127.0.0.1:8000/evaluate/x and model_store/cat/manifest.toml stay, and 1/2/3, too.",
    ],
)
def test_routes_urls_and_relative_paths_stay(text: str) -> None:
    assert without_folders(text) == text
