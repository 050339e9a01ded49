import pytest

from server.web.accepted import accepted


@pytest.mark.parametrize(
    ("header", "entries"),
    [
        ("text/html, */*;q=0.8", [("text/html", 1), ("*/*", 0.8)]),
        ("ZH ; q=0.5,\ten;\tq=0.2", [("zh", 0.5), ("en", 0.2)]),
        ("text/html;level=1;q=0.4", [("text/html", 0.4)]),
        ("de;q=x, en", [("en", 1)]),
        ("", [("", 1)]),
    ],
)
def test_entries_and_their_weights(header: str, entries: list[tuple[str, float]]) -> None:
    assert list(accepted(header)) == entries


def test_a_long_header_is_not_read_to_its_end() -> None:
    assert len(list(accepted("a," * 9000))) == 32
