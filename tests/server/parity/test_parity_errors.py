from collections.abc import Iterator

from server.parity import parity_errors
from server.parity.parity_errors import ParityError


def kinds(root: type[ParityError]) -> Iterator[type[ParityError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_the_tree_is_as_drawn() -> None:
    found = {kind.__name__: kind.code for kind in kinds(ParityError)}
    assert found == {
        "SourceInvalid": "bad_request",
        "RemoteUnavailable": "engine_unavailable",
        "RemoteFull": "saturated",
        "RemoteFailed": "engine_failed",
        "ParityBroken": "parity_broken",
    }
    assert all(f"─ {name} " in (parity_errors.__doc__ or "") for name in found)
