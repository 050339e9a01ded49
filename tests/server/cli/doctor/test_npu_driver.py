"""The driver's files."""

from server.cli.doctor.npu_driver import check_driver, read_version
from tests.server.cli.doctor.atlas import DRIVER, Atlas


def test_a_whole_driver(atlas: Atlas) -> None:
    assert [what for what, _ in atlas.found(check_driver, "ok")] == [
        "driver 21.0.2",
        f"the driver's libraries are in {DRIVER}/lib64/driver, where the loader looks",
    ]


def test_versions_as_the_vendor_writes_them(atlas: Atlas) -> None:
    machine = atlas.case().machine
    for text, version in (
        ("Version=24.1.rc1\nascendhal_version=7.35.19\n", "24.1.rc1"),
        ("Package: x\nVersion: 7.3.0\n", "7.3.0"),
        ("MindX SDK mxVision:7.3.0\nmxVision version:7.3.0\nPlat: linux x86_64\n", "7.3.0"),
        ("x", ""),
    ):
        atlas.write("/version.info", text)
        assert read_version(machine, "/version.info") == version
    assert read_version(machine, "/none") == ""


def test_no_version_is_only_remarked_on(atlas: Atlas) -> None:
    atlas.path(f"{DRIVER}/version.info").unlink()
    ((what, remedy),) = atlas.found(check_driver, "note")
    assert what == f"no version in {DRIVER}/version.info"
    assert remedy.endswith(f"docker run -v {DRIVER}/version.info:{DRIVER}/version.info:ro …")
    assert atlas.found(check_driver) == []


def test_missing_libraries(atlas: Atlas) -> None:
    atlas.path(f"{DRIVER}/lib64/driver/libascend_hal.so").unlink()
    ((what, remedy),) = atlas.found(check_driver)
    assert what == f"libascend_hal.so is not in {DRIVER}/lib64/driver, {DRIVER}/lib64/common, {DRIVER}/lib64"
    assert remedy.startswith("Install the driver of your card")
    atlas.container()
    assert atlas.found(check_driver)[0][1] == f"Mount the host's: docker run -v {DRIVER}:{DRIVER}:ro …"


def test_libraries_that_the_loader_does_not_find(atlas: Atlas) -> None:
    atlas.environment["LD_LIBRARY_PATH"] = f"{DRIVER}/lib64"
    ((what, remedy),) = atlas.found(check_driver)
    assert what == f"the loader does not look for libascend_hal.so in {DRIVER}/lib64/driver"
    assert remedy == f"export LD_LIBRARY_PATH={DRIVER}/lib64:{DRIVER}/lib64/driver:$LD_LIBRARY_PATH"
    atlas.write("/etc/ld.so.conf.d/ascend_driver_so.conf", f"# the driver's\n{DRIVER}/lib64/driver/\n")
    assert atlas.found(check_driver) == []
