import pytest

from server.api.guard import safe_only
from server.cli.flags import load_settings
from server.errors import Forbidden
from tests.server.process import ServerProcess


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize(
    ("host", "api_key", "insecure", "served"),
    [
        ("127.0.0.1", None, False, True),
        ("::1", None, False, True),
        ("localhost", None, False, True),
        ("0.0.0.0", None, False, False),
        ("0.0.0.0", "key", False, True),
        ("0.0.0.0", None, True, True),
        ("192.0.2.1", "", False, False),
    ],
)
async def test_who_is_served(host: str, api_key: str | None, insecure: bool, served: bool, anyio_backend: str) -> None:
    assert anyio_backend == "asyncio"
    check = safe_only(load_settings(host=host, insecure=insecure), api_key)
    if served:
        await check()
    else:
        with pytest.raises(Forbidden, match="API_KEY"):
            await check()


def test_over_http() -> None:
    with ServerProcess(engines="fake", host="0.0.0.0") as server:
        for method, path in (("GET", "/evaluate"), ("POST", "/evaluate"), ("GET", "/evaluate/x/events"), ("DELETE", "/evaluate/x")):
            refusal = server.client.request(method, path)
            assert (refusal.status_code, refusal.json()["code"]) == (403, "forbidden")
        assert "--insecure" in refusal.json()["error"]
        assert server.client.get("/info").status_code == 200
    with ServerProcess(engines="fake", host="0.0.0.0", insecure=True) as server:
        assert server.client.get("/evaluate").json() == []
    with ServerProcess(engines="fake", host="0.0.0.0", api_key="key") as server:
        assert server.client.get("/evaluate").status_code == 401
        assert server.client.get("/evaluate", headers={"X-Api-Key": "key"}).json() == []
