"""A kill at any step of an exchange leaves a whole model: the former one or the new one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from models.artifact_facts import provenance_path
from models.manifest import Artifact, Golden
from models.model_files import bring_file, link, link_artifact, other_name
from models.store import ModelStore, StoredModel
from models.store_writer import add_artifact, set_golden
from tests.level_model import store_level_model


class Killed(BaseException):
    """Takes the place of a kill."""


@contextmanager
def killed_at(step: int) -> Iterator[list[str]]:
    """End the block when it is about to change the folder for that time; gives the changes before."""
    done: list[str] = []

    def counting(name: str, change: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **options: object) -> object:
            if len(done) == step:
                raise Killed
            done.append(name)
            return change(*args, **options)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", counting("replace", Path.replace))
        patch.setattr(Path, "unlink", counting("unlink", Path.unlink))
        patch.setattr(os, "link", counting("link", os.link))
        yield done


def add_om(model: StoredModel, content: bytes) -> None:
    made = model.folder.parent / "made"
    made.write_bytes(content)
    artifact = Artifact(file="level.om", sha256=sha256(content).hexdigest(), soc="Ascend310")
    add_artifact(model, made, artifact, b"of " + content)


def add_golden(model: StoredModel, content: bytes) -> None:
    set_golden(model, content, Golden(file="golden.png", sha256=sha256(content).hexdigest(), class_id=1, score=1))


def held(model: StoredModel) -> tuple[bytes, ...]:
    """What the manifest names: all of it is there, and intact."""
    if golden := model.manifest.golden:
        return (model.checked(golden.file, golden.sha256).read_bytes(),)
    path = model.intact_artifact("Ascend310")[1]
    return path.read_bytes(), provenance_path(path).read_bytes()


@pytest.mark.parametrize(
    ("add", "file", "kept"), [(add_om, "level.om", (b"IMOD", b"of IMOD")), (add_golden, "golden.png", (b"IMOD",))], ids=["OM", "golden"]
)
def test_a_kill_at_any_step_leaves_a_whole_model(
    tmp_path: Path, add: Callable[[StoredModel, bytes], None], file: str, kept: tuple[bytes, ...]
) -> None:
    new = tuple(part + b" 2" for part in kept)
    for step in range(100):
        store = ModelStore(tmp_path / str(step))
        add(store_level_model(store.root), b"IMOD")
        with killed_at(step) as done:
            try:
                add(store.open("level"), b"IMOD 2")
            except Killed:
                ended = False
            else:
                ended = True
        assert held(store.open("level")) in (kept, new), (step, done)
        add(store.open("level"), b"IMOD 2")
        assert held(store.open("level")) == new
        if ended:
            break
    assert ended
    assert step > 4
    names = sorted(path.name for path in (store.root / "level").iterdir())
    assert names == sorted(["level.names", "level.onnx", "manifest.toml", file, *([f"{file}.json"] if add is add_om else [])])


def test_another_name_has_digits_of_the_sha256() -> None:
    entry = Artifact(file="m.int8.onnx", sha256="ab" * 32)
    assert other_name(entry) == "m.int8.abababababab.onnx"
    assert Artifact(file=other_name(entry.model_copy(update={"file": "m" * 128})), sha256="ab" * 32)


def test_a_second_place_also_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.om").write_bytes(b"IMOD")
    (tmp_path / "a.om.json").write_bytes(b"{}")
    link_artifact(tmp_path / "a.om", tmp_path / "b.om")
    assert (tmp_path / "b.om.json").read_bytes() == b"{}"

    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    link(tmp_path / "a.om", tmp_path / "c.om")
    assert (tmp_path / "c.om").read_bytes() == b"IMOD"


def test_a_file_is_moved(tmp_path: Path) -> None:
    (tmp_path / "made").write_bytes(b"IMOD")
    bring_file(tmp_path / "made", tmp_path / "a.om")
    assert ((tmp_path / "a.om").read_bytes(), (tmp_path / "made").exists()) == (b"IMOD", False)
