"""The page of the routes: complete without a network, and its policy knows its script."""

import re

from server.api.docs_page import docs_policy
from tests.server.process import ServerProcess


def test_the_policy_has_the_hash_of_every_script_in_the_page() -> None:
    policy = docs_policy(b"<script src='/a.js'></script><script>1</script><script>2</script>")
    assert re.findall(r"'sha256-([^']+)'", policy) == [
        "a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=",
        "1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2jpmbuwTqzU=",
    ]


def test_everything_that_the_page_loads_is_here(fake_server: ServerProcess) -> None:
    page = fake_server.client.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) == 3
    assert [fake_server.client.get(path).status_code for path in loaded] == [200, 200, 200]
    assert "url: '/openapi.json'" in page
