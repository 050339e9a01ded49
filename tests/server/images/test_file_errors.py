from collections.abc import Iterator

from server.images import file_errors
from server.images.file_errors import FileError


def kinds(root: type[FileError]) -> Iterator[type[FileError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_the_tree_is_as_drawn() -> None:
    found = {kind.__name__: kind.code for kind in kinds(FileError)}
    assert found == {
        "FileUnreadable": "bad_request",
        "NoImages": "bad_request",
        "SameResultFile": "bad_request",
        "GoldenUnfit": "bad_request",
    }
    assert all(f"─ {name} " in (file_errors.__doc__ or "") for name in found)
