"""Imports networks that torch wrote and holds them against torch: `python -m tests.import_torch path/to/torch's/python [NETWORKS]`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Nothing heavy is imported here: on Linux a child's peak memory starts from that of the process that made it.

WRITERS = [Path(__file__).with_name(name) for name in ("write_networks.py", "write_exports.py")]
CLI = Path(sys.executable).with_name("ascend-classify")
MAX_SECONDS = 20
MAX_MB = 1500
MAX_DIFFERENCE = 1e-4
TOP = 5
FORMATS = 3  # of one network: zip, legacy, safetensors
TRAINERS = 5  # of another one: bare, and in the checkpoints of four trainers


@dataclass(frozen=True)
class Imported:
    """One import; memory is the child's largest, in 10**6 bytes."""

    checkpoint: Path
    model: str
    store: Path
    seconds: float
    megabytes: float
    code: int

    @property
    def artifact(self) -> Path:
        """The CPU artifact in the store."""
        return self.store / self.model / f"{self.model}.onnx"


def main(torch_python: str, networks: str = "10") -> int:
    """Write so many networks, import, compare; 0 if every bound holds."""
    with tempfile.TemporaryDirectory(prefix="test-import-") as name:
        folder = Path(name)
        started = time.perf_counter()
        for writer in WRITERS:
            subprocess.run([torch_python, str(writer), str(folder), networks], check=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
        say(f"torch wrote its networks and answered: {time.perf_counter() - started:.1f} s")
        imports = [
            run_import(path) for path in sorted([*folder.glob("*/*.pth"), *folder.glob("*/*.safetensors"), *folder.glob("*/*.onnx")])
        ]
        outcomes = [bounds_hold(each) for each in imports]
        for network, written in (("torchvision_resnext101_32x4d", FORMATS), ("torchvision_resnet18", TRAINERS)):
            of_one = [each for each in imports if each.checkpoint.parent.name == network]
            outcomes += [same_bytes(of_one, written)] if of_one else []
        outcomes += [agrees_with_torch(each) for each in imports if each.code == 0 and each.checkpoint.name in ("zip.pth", "net.onnx")]
    say(f"{outcomes.count(True)} passed, {outcomes.count(False)} failed")
    return 0 if all(outcomes) else 1


def run_import(checkpoint: Path) -> Imported:
    """Import one checkpoint into a store of its own, as a person would."""
    network = checkpoint.parent.name
    model = network.partition("_")[2]
    store = checkpoint.with_suffix(".store")
    options = {"--transform": "torchvision-v1", "--version": "1", "--model-store": str(store)}
    command = [str(CLI), "convert", "import", str(checkpoint), model, *(word for option in options.items() for word in option)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Imported(checkpoint, model, store, time.perf_counter() - started, usage.ru_maxrss * kilobyte / 1e6, process.returncode)


def bounds_hold(imported: Imported) -> bool:
    """Whether the import went well, fast enough and small enough."""
    file = imported.checkpoint
    say(
        f"{file.parent.name}/{file.name}, {file.stat().st_size / 1e6:.0f} MB: imported in {imported.seconds:.1f} s "
        f"(at most {MAX_SECONDS}) with {imported.megabytes:.0f} MB (at most {MAX_MB})"
    )
    return imported.code == 0 and imported.seconds < MAX_SECONDS and imported.megabytes < MAX_MB


def same_bytes(imports: list[Imported], written: int) -> bool:
    """Whether all `written` checkpoints of one network gave one artifact."""
    from models.store import sha256_of

    found = {imported.checkpoint.name: sha256_of(imported.artifact) for imported in imports if imported.code == 0}
    say(f"artifacts of one network: {', '.join(f'{name} {sha256[:12]}' for name, sha256 in found.items())}")
    return len(imports) == len(found) == written and len(set(found.values())) == 1


def agrees_with_torch(imported: Imported) -> bool:
    """Whether OpenVINO in float32 answers what torch answered, on the network without the recipe."""
    import numpy as np
    import onnx

    from convert.fold import unfold
    from pipelines.cpu.quiet_openvino import ov

    plain = imported.store / "plain.onnx"
    onnx.save(unfold(onnx.load(imported.artifact)), plain)
    expected, image = (np.load(imported.checkpoint.with_name(name)) for name in ("logits.npy", "image.npy"))
    core = ov.Core()
    compiled = core.compile_model(core.read_model(plain), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = np.concatenate([compiled(one[None])[0] for one in image])
    difference = float(np.abs(found - expected).max())
    same = bool((best(found) == best(expected)).all())
    say(
        f"{imported.checkpoint.parent.name}: logits within ±{np.abs(expected).max():.1f}, max |Δlogit| {difference:.1e} "
        f"(below {MAX_DIFFERENCE:.0e}), top-{TOP} {'identical' if same else 'DIFFERENT'} on {len(image)} images"
    )
    return difference < MAX_DIFFERENCE and same


def best(logits: np.ndarray) -> np.ndarray:
    """The classes with the highest logits, best first."""
    return logits.argsort(axis=1)[:, ::-1][:, :TOP]


def say(line: str) -> None:
    """Print a line now, between those of the children."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
