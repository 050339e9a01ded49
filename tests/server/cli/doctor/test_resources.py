"""Memory, disks, open files."""

import resource

import pytest

from server.cli.doctor import resources
from server.cli.doctor.resources import check_resources
from tests.server.cli.doctor.atlas import MEMORY_KB, Atlas

TMP = "/tmp"  # noqa: S108 - below the root


def test_enough_of_everything(atlas: Atlas) -> None:
    assert atlas.found(check_resources) == []
    memory, scratch, kept = (what for what, _ in atlas.found(check_resources, "ok"))
    assert memory == f"{MEMORY_KB >> 10:,} MiB of memory free, 256 MiB needed"
    assert scratch.endswith("MiB free for temporary files in /tmp")
    assert kept.endswith(f"MiB free for evaluations and uploads in {atlas.root}/evaluations")


def test_too_little_memory(atlas: Atlas) -> None:
    with atlas.om.open("r+b") as file:
        file.truncate(100 << 20)
    atlas.write("/proc/meminfo", f"MemAvailable: {555 << 10} kB\n")
    what = "555 MiB of memory are free; the server with this model takes up to 556 MiB"
    assert atlas.found(check_resources) == [(what, "End what takes most: ps -e --sort -rss -o pid,rss,args | head")]
    atlas.path("/proc/meminfo").unlink()
    assert atlas.found(check_resources, "note") == [("the amount of free memory is unknown", "")]


@pytest.mark.parametrize("limit", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_containers_limit_counts(atlas: Atlas, limit: str) -> None:
    atlas.write(f"/sys/fs/cgroup/{limit}", f"{200 << 20}\n")
    what = "the container may take 200 MiB of memory; the server with this model takes up to 256 MiB"
    assert atlas.found(check_resources) == [(what, "docker run --memory 256m …")]
    for enough in (f"{300 << 20}\n", "max\n", f"{2**63 - 4096}\n"):
        atlas.write(f"/sys/fs/cgroup/{limit}", enough)
        assert atlas.found(check_resources) == []


def test_folders_that_cannot_be_written_to(atlas: Atlas) -> None:
    atlas.path(TMP).chmod(0o755)
    what = "the folder for temporary files, /tmp, cannot be written to"
    assert atlas.found(check_resources) == [(what, "export TMPDIR=/var/tmp")]
    atlas.container()
    assert atlas.found(check_resources) == [(what, "docker run --tmpfs /tmp …")]
    atlas.environment["TMPDIR"] = "/gone"
    assert atlas.found(check_resources)[0][0] == "the folder for temporary files, /gone, cannot be written to"


def test_evaluations_that_cannot_be_kept(atlas: Atlas) -> None:
    atlas.own("/evaluations", 0)
    kept = atlas.root / "evaluations"
    remedy = f"sudo install -d -o 9000 -m 750 {kept}, or name another folder: export EVALUATION_DIR=…"
    assert atlas.found(check_resources) == [(f"evaluations cannot be kept in {kept}", remedy)]


def test_a_full_disk(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "LEAST_FREE_BYTES", 1 << 60)
    (scratch, mend), (kept, mend_kept) = atlas.found(check_resources)
    assert scratch.endswith("MiB are free for temporary files in /tmp, less than 1099511627776")
    assert mend == "Make room, or export TMPDIR=/a/larger/disk"
    assert "for evaluations and uploads in" in kept
    assert mend_kept == "Make room, or export EVALUATION_DIR=/a/larger/disk"


def test_few_open_files(atlas: Atlas) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = hard if hard != resource.RLIM_INFINITY else 1 << 40
    ((what, remedy),) = atlas.found(check_resources, "note", max_connections=many)
    assert what == f"{hard} open files allowed: {hard - 256} connections, not {many}"
    assert remedy == f"ulimit -n {many + 256}"
    atlas.container()
    assert atlas.found(check_resources, "note", max_connections=many)[0][1] == f"docker run --ulimit nofile={many + 256} …"


def test_names_of_files_that_are_not_utf_8(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")
    assert atlas.found(check_resources) == [("the names of files are ascii, not UTF-8", "export LC_ALL=C.UTF-8")]
