"""What the builder takes of this machine it asks for before, and gives back after."""

import subprocess
from pathlib import Path

import pytest

from tests.image.builder import Builder, NoSpace

pytestmark = pytest.mark.smoke


def test_a_disk_with_too_little_room_is_refused(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "image")
    with pytest.raises(NoSpace, match=rf"need 1e\+09 GB of free disk, and the one with {builder.folder} has [0-9.]+ GB\. Make room"):
        builder.prepare(needed_gb=1e9)
    builder.prepare(needed_gb=0)
    assert builder.taken_gb() < 0.1


def test_a_sweep_unmounts_and_removes_what_an_earlier_run_left(tmp_path: Path) -> None:
    """An overlay in an overlay's place, as containers have it, and a folder of this machine, which stays whole."""
    builder, ours = Builder(tmp_path / "image"), tmp_path / "ours"
    ours.mkdir()
    (ours / "kept").touch()
    places = [builder.folder / "storage/merged", builder.folder / "storage/merged/dev"]
    for place, options in zip(places, (("-t", "tmpfs", "layer"), ("--bind", str(ours))), strict=True):
        place.mkdir(parents=True)
        subprocess.run(["mount", *options, place], check=True)
    builder.prepare(needed_gb=0)
    assert str(builder.folder) not in Path("/proc/self/mounts").read_text()
    assert [path.name for path in builder.folder.iterdir()] == ["tmp"]
    assert (ours / "kept").exists()
