"""GET /metrics."""

from concurrent.futures import ThreadPoolExecutor

from tests.server.process import ServerProcess


def test_scrapes_at_the_same_time_are_all_answered(fake_server: ServerProcess) -> None:
    with ThreadPoolExecutor(8) as scrapers:
        replies = list(scrapers.map(lambda _: fake_server.client.get("/metrics"), range(32)))
    assert {reply.status_code for reply in replies} == {200}
    assert all("classify_build_info" in reply.text for reply in replies)
    assert replies[0].headers["content-type"].startswith("text/plain; version=")
