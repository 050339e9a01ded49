import pytest

from server.cli.ascend_environment import AscendEnvironment


def test_the_variables_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MX_SDK_HOME", "/opt/mxVision")
    found = AscendEnvironment().variables()
    assert found["MX_SDK_HOME"] == "/opt/mxVision"
    assert {"PATH", "LD_LIBRARY_PATH", "GST_PLUGIN_PATH"} <= found.keys()
