"""A server with RUNTIME=ascend over the double, and the commands that break its chips."""

import json
import sys
from pathlib import Path

from models.manifest import Artifact, ModelManifest
from models.store import StoredModel, sha256_of
from tests.level_model import store_level_model
from tests.made_model import write_provenance

ROOT = Path(__file__).parents[2]
CHIPS = ("0", "1")
FAULTS = ("fail", "refuse", "1004", "slow", "log", "grow", "die", "hang", "init", "om", "mute")


class AscendDouble:
    """The Python of the engine processes, and what its chips do."""

    def __init__(self, folder: Path) -> None:
        """`folder` is a new one."""
        folder.mkdir(parents=True)
        self._faults = folder / "faults.json"
        self._told: dict[str, dict[str, object]] = {}
        self.mend()
        self.python, self.home = folder / "python", folder / "home"
        self.home.mkdir()
        path = f"{ROOT}:{ROOT / 'tests/ascend_double'}"
        self.python.write_text(f'#!/bin/sh\nASCEND_DOUBLE={self._faults} PYTHONPATH={path} HOME={self.home} exec {sys.executable} "$@"\n')
        self.python.chmod(0o755)

    def breaks(self, fault: str, every: int = 1, devices: tuple[str, ...] = CHIPS) -> None:
        """Let a fault happen every so many times from now on.

        fail (a whole batch), refuse (a send), 1004, slow, log, grow, die or hang.
        At a start: init, om (of another chip), or mute (it prints nothing).
        """
        assert fault in FAULTS
        self._told[fault] = {"every": every, "devices": devices}
        self._write()

    def mend(self, fault: str | None = None) -> None:
        """Let a fault happen no more, or none."""
        self._told = {name: told for name, told in self._told.items() if fault not in (None, name)}
        self._write()

    def _write(self) -> None:
        unfinished = self._faults.with_suffix(".tmp")
        unfinished.write_text(json.dumps(self._told))
        unfinished.replace(self._faults)


def store_om_model(root: Path, batch_sizes: tuple[int, ...] = (1, 2, 4, 8)) -> StoredModel:
    """The level model with an OM, which on the double stands for the ONNX file beside it."""
    return with_om(store_level_model(root, batch_sizes=batch_sizes), batch_sizes)


def with_om(model: StoredModel, batch_sizes: tuple[int, ...] = (1,)) -> StoredModel:
    """A stored model, its OM beside its ONNX file."""
    om = (model.folder / model.manifest.artifacts[0].file).with_suffix(".om")
    om.write_bytes(b"IMOD, of a double")
    om.chmod(0o640)
    artifact = Artifact(file=om.name, sha256=sha256_of(om), soc="Ascend310", batch_sizes=batch_sizes)
    manifest = ModelManifest.read(model.folder / "manifest.toml")
    manifest = manifest.model_copy(update={"artifacts": (*manifest.artifacts, artifact)})
    manifest.write(model.folder / "manifest.toml")
    write_provenance(om, manifest, "Ascend310", batch_sizes)
    return StoredModel(manifest, model.folder)


def server_settings(double: AscendDouble, store: Path, **more: object) -> dict[str, object]:
    """The environment of a server over the double."""
    return {
        "model_store": store,
        "model": "level",
        "runtime": "ascend",
        "engines": "stream",
        "devices": ",".join(CHIPS),
        "engine_python": double.python,
        "engine_start_s": 30,
        "engine_stall_s": 2,
    } | more
