"""$HOME and GStreamer's registry."""

import os

from server.cli.doctor.home import check_home
from tests.server.cli.doctor.atlas import REGISTRY, Atlas

HOME = "/home/classify"


def test_a_home_of_ones_own(atlas: Atlas) -> None:
    assert atlas.found(check_home) == []
    assert [what for what, _ in atlas.found(check_home, "ok")] == [
        f"logs go to {HOME}/log/mindxsdk, {HOME}/ascend/log",
        f"GStreamer's registry {REGISTRY} is newer than the plugins",
    ]


def test_no_home_is_taken_by_the_sdk(atlas: Atlas) -> None:
    atlas.environment["HOME"] = ""
    assert atlas.found(check_home, "note") == [("HOME is not set; the SDK takes that", "To find its logs: export HOME=/home/…")]


def test_a_home_that_is_not_there(atlas: Atlas) -> None:
    atlas.environment["HOME"] = "/home/gone"
    what = "HOME is /home/gone, which does not exist: the SDK does not start"
    assert atlas.found(check_home) == [(what, "sudo install -d -o 9000 -m 750 /home/gone")]


def test_the_root_of_all_is_a_home_too(atlas: Atlas) -> None:
    """As docker run --user makes it for a user without a name."""
    atlas.environment["HOME"] = "/"
    assert atlas.found(check_home)[0][0] == "HOME (/) belongs to root, not to uid 9000: the SDK does not start"


def test_a_home_of_another(atlas: Atlas) -> None:
    atlas.own(HOME, 0)
    what = "HOME (/home/classify) belongs to root, not to uid 9000: the SDK does not start"
    assert atlas.found(check_home) == [(what, f"sudo install -d -o 9000 -m 750 {HOME}, or name one's own: export HOME=/…")]


def test_logs_that_cannot_be_written(atlas: Atlas) -> None:
    log = atlas.path(f"{HOME}/log")
    log.mkdir(mode=0o500)
    atlas.own(f"{HOME}/log")
    closed = f"{HOME}/log/mindxsdk"
    assert atlas.found(check_home) == [(f"cannot write to {closed}", f"mkdir -p {closed} && chmod u+rwx {closed}")]
    atlas.container()
    assert atlas.found(check_home)[0][1] == f"docker run --tmpfs {closed}:uid=9000,mode=0750 …"


def test_a_registry_that_is_older_than_the_plugins(atlas: Atlas) -> None:
    os.utime(atlas.path(REGISTRY), (0, 0))
    assert atlas.found(check_home) == [(f"GStreamer's registry {REGISTRY} is older than the SDK's plugins", f"rm {REGISTRY}")]


def test_a_registry_of_another(atlas: Atlas) -> None:
    atlas.own(REGISTRY, 0)
    assert atlas.found(check_home) == [(f"GStreamer's registry {REGISTRY} is root's, and cannot be written anew", f"sudo rm {REGISTRY}")]


def test_a_registry_that_is_still_to_be_made(atlas: Atlas) -> None:
    atlas.path(REGISTRY).unlink()
    folder = f"{HOME}/.cache/gstreamer-1.0"
    assert atlas.found(check_home, "ok")[1] == (f"GStreamer's registry will be made in {folder} at the first start", "")
    atlas.own(folder, 0)
    what = f"GStreamer cannot make its registry in {folder}: every start looks at all plugins again"
    assert atlas.found(check_home) == [(what, f"export GST_REGISTRY={HOME}/registry.bin")]
    atlas.container()
    assert atlas.found(check_home) == [(what, f"docker run --tmpfs {folder}:uid=9000,mode=0750 …")]


def test_the_registry_may_be_elsewhere(atlas: Atlas) -> None:
    atlas.environment["GST_REGISTRY"] = "/tmp/registry.bin"  # noqa: S108 - below the root
    assert "will be made in /tmp" in atlas.found(check_home, "ok")[1][0]
    del atlas.environment["GST_REGISTRY"]
    atlas.environment["XDG_CACHE_HOME"] = "/home/classify/cache"
    assert "will be made in /home/classify/cache/gstreamer-1.0" in atlas.found(check_home, "ok")[1][0]
