"""What make release made, in build/release: it is complete, whole, and can be installed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.places import ROOT

RELEASE = ROOT / "build/release"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
BILLS = [("sbom", "requirements"), ("sbom-ascend", "requirements-ascend"), ("sbom-grpc", "requirements-grpc")]
NEEDED = {
    "server/web/templates/layout.html",
    "server/web/words/common.toml",
    "server/web/static/style.css",
    "pipelines/resnext101.pipeline",
}
IMAGES = ("cpu", "tools", "ascend")
PROGRAM = "import server.app, mxclassify, ascend_classify_client; print(server.__file__); print(server.app.DESCRIPTION['version'])"
pytestmark = pytest.mark.skipif(not (RELEASE / "SHA256SUMS").exists(), reason="there is no release: make release")


def test_everything_is_there_that_can_be_built_anywhere() -> None:
    names = {path.name for path in RELEASE.iterdir()}
    assert {
        f"ascend_classify-{VERSION}-py3-none-any.whl",
        f"ascend_classify-{VERSION}.tar.gz",
        f"ascend_classify_client-{VERSION}-py3-none-any.whl",
        f"ascend_classify_client-{VERSION}.tar.gz",
        f"ascend_classify-{VERSION}-sbom.cdx.json",
        f"ascend_classify-{VERSION}-sbom-ascend.cdx.json",
        f"ascend_classify-{VERSION}-sbom-grpc.cdx.json",
    } <= names
    assert [name for name in names if re.fullmatch(rf"mxclassify-{VERSION}-cp\d+-cp\d+-linux_\w+\.whl", name)]


def an_engine_is_here() -> bool:
    """Whether something can build images, as deploy/release.sh looks for it."""
    docker = shutil.which("docker")
    runs = docker is not None and subprocess.run([docker, "version"], capture_output=True, check=False).returncode == 0
    return runs or (shutil.which("buildah") is not None and os.geteuid() == 0)


def read(archive: tarfile.TarFile, name: str) -> Any:
    """A JSON file of an archive."""
    file = archive.extractfile(name)
    assert file
    return json.load(file)


def test_each_image_is_there_or_the_release_says_why_not() -> None:
    """Where something builds images, that for processors is there, unless its base cannot be had."""
    told = (RELEASE / "LEFT_OUT.txt").read_text("utf-8") if (RELEASE / "LEFT_OUT.txt").exists() else ""
    reasons = dict(re.findall(r"^The image (\w+) is left out: (.+)$", told, re.MULTILINE))
    there = {name for name in IMAGES if (RELEASE / f"ascend_classify-{VERSION}-image-{name}.tar").exists()}
    assert sorted([*there, *reasons]) == sorted(IMAGES)
    excuse = os.environ.get("DEBIAN_IMAGE") or "debian:bookworm-slim" if an_engine_is_here() else "neither Docker nor"
    assert "cpu" in there or excuse in reasons["cpu"]
    for name in there:
        with tarfile.open(RELEASE / f"ascend_classify-{VERSION}-image-{name}.tar") as archive:
            [made] = read(archive, "manifest.json")
            assert {tag.rpartition("/")[2] for tag in made["RepoTags"]} == {f"ascend-classify:{VERSION}-{name}"}
            assert read(archive, made["Config"])["config"]["Labels"]["org.opencontainers.image.version"] == VERSION


def test_the_sums_are_right_and_of_all() -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=RELEASE, check=True)
    listed = {line.split("  ")[1] for line in (RELEASE / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in RELEASE.iterdir()} - {"SHA256SUMS"}


@pytest.mark.parametrize(("bill", "lock"), BILLS)
def test_a_bill_of_materials_has_every_package_of_its_lock(bill: str, lock: str) -> None:
    told = json.loads((RELEASE / f"ascend_classify-{VERSION}-{bill}.cdx.json").read_text("utf-8"))
    assert (told["bomFormat"], told["metadata"]["component"]["name"]) == ("CycloneDX", "ascend-classify")
    assert told["metadata"]["component"]["version"] == VERSION
    locked = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / f"{lock}.lock").read_text("utf-8"), re.MULTILINE)
    assert {(each["name"].lower(), each["version"]) for each in told["components"]} == {(name.lower(), version) for name, version in locked}


def test_the_wheel_and_the_source_hold_what_the_server_needs_at_run_time() -> None:
    with zipfile.ZipFile(RELEASE / f"ascend_classify-{VERSION}-py3-none-any.whl") as wheel:
        inside = set(wheel.namelist())
    with tarfile.open(RELEASE / f"ascend_classify-{VERSION}.tar.gz") as source:
        packed = {name.partition("/")[2] for name in source.getnames()}
    assert inside >= NEEDED
    assert packed >= NEEDED
    assert [name for name in inside | packed if name.startswith("tests")] == []


def test_what_was_packed_says_nothing_of_the_machine_or_the_moment() -> None:
    """Two builds of one commit are the same bytes: their times are that of the commit, their modes and owners are nobody's."""
    times = set()
    for path in RELEASE.glob("*.tar.gz"):
        assert path.read_bytes()[4:8] == bytes(4), "gzip has a time of its own"
        with tarfile.open(path) as source:
            members = source.getmembers()
        assert {each.name.partition("/")[0] for each in members} == {path.name.removesuffix(".tar.gz")}  # pip takes one folder off
        assert {(each.uid, each.gid, each.uname, each.gname) for each in members} == {(0, 0, "", "")}
        assert {each.mode for each in members} <= {0o644, 0o755}
        times |= {each.mtime for each in members}
    assert len(times) == 1
    for path in RELEASE.glob("ascend_classify*.whl"):
        with zipfile.ZipFile(path) as wheel:
            assert {each.external_attr >> 16 & 0o777 for each in wheel.infolist()} <= {0o644, 0o755, 0o664}  # 0o664: written by the backend
            assert not any(each.external_attr >> 16 & 0o777 == 0o664 for each in wheel.infolist() if ".dist-info/" not in each.filename)
            assert len({each.date_time for each in wheel.infolist()}) == 1


def test_the_wheels_can_be_installed_and_say_their_version(tmp_path: Path) -> None:
    wheels = [str(path) for path in RELEASE.glob("*.whl")]
    options = ["--quiet", "--no-deps", "--no-index", "--target", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, *wheels], check=True)
    environment = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(tmp_path / "server/__init__.py"), VERSION]
