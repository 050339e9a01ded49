"""Owners and modes, as the SDK compares them."""

import pytest

from server.cli.doctor.sdk_files import check_sdk_files, too_open
from tests.server.cli.doctor.atlas import SCANNER, SDK, Atlas

PLUGIN = f"{SDK}/lib/plugins/libmxpi_tensorinfer.so"


def test_as_the_installer_leaves_them(atlas: Atlas) -> None:
    assert atlas.found(check_sdk_files, "ok") == [("5 plugins and libraries belong to classify and are closed to other users", "")]


@pytest.mark.parametrize(
    ("mode", "most", "refused"),
    [
        (0o640, 0o640, False),
        (0o440, 0o640, False),
        (0o400, 0o640, False),
        (0o550, 0o640, True),
        (0o755, 0o640, True),
        (0o644, 0o640, True),
        (0o550, 0o550, False),
        (0o500, 0o550, False),
        (0o750, 0o550, True),
        (0o555, 0o550, True),
    ],
)
def test_modes_are_compared_digit_by_digit(mode: int, most: int, refused: bool) -> None:
    assert too_open(mode, most) is refused


def test_one_file_of_a_wrong_mode(atlas: Atlas) -> None:
    atlas.path(PLUGIN).chmod(0o755)
    assert atlas.found(check_sdk_files) == [("the SDK refuses modes above 0640: libmxpi_tensorinfer.so (0755)", f"chmod 440 {PLUGIN}")]
    atlas.path(SCANNER).chmod(0o755)
    assert atlas.found(check_sdk_files)[1] == ("the SDK refuses modes above 0550: gst-plugin-scanner (0755)", f"chmod 550 {SCANNER}")


def test_many_files_of_a_wrong_mode(atlas: Atlas) -> None:
    for number in range(4):
        atlas.write(f"{SDK}/lib/plugins/lib{number}.so", mode=0o644)
    atlas.own(f"{SDK}/lib/plugins")
    ((what, remedy),) = atlas.found(check_sdk_files)
    assert what == "the SDK refuses modes above 0640: lib0.so (0644), lib1.so (0644), lib2.so (0644) and 1 more"
    assert remedy == f"find {SDK}/lib/plugins -maxdepth 1 -type f -exec chmod 440 {{}} +"


def test_another_owner(atlas: Atlas) -> None:
    atlas.own(f"{SDK}/lib", 0)
    what = (
        "3 of 5 files of the SDK belong to root (uid 0), not to uid 9000: libmxbase.so, libresnet50postprocess.so, libmxpi_tensorinfer.so"
    )
    assert atlas.found(check_sdk_files) == [(what, f"sudo chown -R 9000 {SDK}")]
    atlas.own(f"{SDK}/lib", 1000)
    assert atlas.found(check_sdk_files)[0][1] == f"sudo chown -R 9000 {SDK}, or run as their owner: sudo -u 1000 ascend-classify serve"
    atlas.container()
    assert atlas.found(check_sdk_files)[0][1] == "Run as their owner: docker run --user 1000 …, or build with RUN_UID=1000"


def test_an_sdk_of_2_0_takes_both(atlas: Atlas) -> None:
    atlas.write(f"{SDK}/version.info", "Version: 2.0.2\n")
    atlas.own(f"{SDK}/lib", 0)
    atlas.path(PLUGIN).chmod(0o755)
    assert atlas.found(check_sdk_files) == []
    assert [what.rpartition("; ")[2] for what, _ in atlas.found(check_sdk_files, "note")] == ["SDK 2.0.x takes that, newer ones do not"] * 2


@pytest.mark.parametrize("library", ["lib/libmxbase.so", "lib/modelpostprocessors/libresnet50postprocess.so"])
def test_a_missing_library(atlas: Atlas, library: str) -> None:
    atlas.path(f"{SDK}/{library}").unlink()
    assert atlas.found(check_sdk_files) == [(f"{SDK}/{library} is missing", "Install the SDK again as classify.")]


def test_without_an_sdk_there_is_nothing_to_say(atlas: Atlas) -> None:
    atlas.environment["MX_SDK_HOME"] = ""
    assert list(check_sdk_files(atlas.case())) == []
