"""Finds the Ascend chips, and the OM of a model that fits them."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from models.manifest import ModelManifest
from models.model_errors import ModelNotPrepared
from server.errors import EngineUnavailable

NPU_SMI = Path("/usr/local/bin/npu-smi")  # the driver installs it there, and containers mount it there
NPU_SMI_S = 15.0  # it asks every card in turn, and never ends if the driver hangs

_NODE = re.compile(r"davinci([0-9]+)")
# A chip has two rows: "| 2  310P3 | OK | …" and "| 0  1 | 0000:01:00.0 | …", with the card's number and then the device's.
_NAME_ROW = re.compile(r"\|\s*([0-9]{1,9})\s+([0-9A-Za-z-]+)\s*\|\s*(OK|Warning|Alarm|Critical|UNKNOWN)\s*\|", re.ASCII)
_DEVICE_ROW = re.compile(r"\|\s*([0-9]{1,9})(?:\s+([0-9]{1,9}))?\s*\|\s*(?:[0-9A-Fa-f]{4,8}:[0-9A-Fa-f:.]+|NA)\s*\|", re.ASCII)
_SLICE = re.compile(r"vir[0-9].*")  # a part of a chip has its own name, as 310Pvir02


@dataclass(frozen=True)
class Chip:
    """A chip in the table of `npu-smi info`: `place` is its number on its card, `device` the number of its node, if the table has it."""

    name: str
    health: str
    device: int | None = None
    card: int = 0
    place: int = 0

    @property
    def soc(self) -> str:
        """ATC's name for it: "Ascend" and the name (ascend.md 4.1); for a part of a chip only the family."""
        return f"Ascend{_SLICE.sub('', self.name.removeprefix('Ascend'))}"

    def takes(self, soc: str) -> bool:
        """Whether an OM compiled for `soc` runs on it: an OM is for one chip type, not for its family."""
        return soc.startswith(self.soc) if _SLICE.search(self.name) else soc == self.soc


def find_chips(devices: Path = Path("/dev")) -> tuple[int, ...]:
    """The device numbers of the davinciN nodes, in rising order."""
    return tuple(sorted(int(match[1]) for node in devices.glob("davinci*") if (match := _NODE.fullmatch(node.name))))


def ask_npu_smi(program: Path | None = None) -> tuple[Chip, ...]:
    """The chips that the driver's tool lists; raises EngineUnavailable if the tool is missing or gives no list."""
    found = program or Path(shutil.which("npu-smi") or NPU_SMI)
    try:
        done = subprocess.run(  # noqa: S603 - the driver's own program, and no words of anybody else
            [str(found), "info"], capture_output=True, timeout=NPU_SMI_S, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise EngineUnavailable(f"{found} cannot be run: {error.strerror}.", "It comes with the driver; a container mounts it.") from error
    except subprocess.TimeoutExpired as error:
        raise EngineUnavailable(f"{found} info did not answer within {NPU_SMI_S:.0f} s.", "The driver hangs: see dmesg.") from error
    chips = read_npu_smi(done.stdout.decode("utf-8", "replace"))
    if not chips:
        said = " ".join((done.stderr or done.stdout).decode("utf-8", "replace").split())[:200]
        raise EngineUnavailable(f"{found} info shows no chip (exit status {done.returncode}): {said}", "In a container it may need root.")
    return chips


def read_npu_smi(table: str) -> tuple[Chip, ...]:
    """The chips in the table that `npu-smi info` prints, in its order; none for another text."""
    chips: list[Chip] = []
    named = None  # the first row of a chip, before its second row
    for line in table.splitlines():
        if found := _NAME_ROW.match(line):
            chips += [Chip(named[2], named[3], card=int(named[1]))] if named else []
            named = found
        elif named and (found := _DEVICE_ROW.match(line)):
            device = None if found[2] is None else int(found[2])
            chips.append(Chip(named[2], named[3], device, int(named[1]), int(found[1])))
            named = None
    chips += [Chip(named[2], named[3], card=int(named[1]))] if named else []
    return tuple(chips)


def chip_soc(manifest: ModelManifest, npu_smi: Path | None = None) -> str:
    """The soc whose OM is loaded: the model's only one, or else the one of the chip that npu-smi lists.

    Raises ModelNotPrepared for a model without an OM if the chip is unknown too; EngineUnavailable if there are several OMs and
    the chip is unknown, or if the chips are of different types.
    """
    socs = [artifact.soc for artifact in manifest.artifacts if artifact.soc != "cpu"]
    if len(socs) == 1:
        return socs[0]
    try:
        chips = ask_npu_smi(npu_smi)
    except EngineUnavailable as error:
        if not socs:
            raise ModelNotPrepared(
                f"Model {manifest.name!r} has no OM.", f"Compile it: ascend-classify convert atc {manifest.name} --soc Ascend310"
            ) from error
        raise EngineUnavailable(
            f"Model {manifest.name!r} has OMs for {' and '.join(socs)}, and the type of the chip is unknown. {error.message}",
            "Let this user run npu-smi, or keep only the chip's OM in the manifest.",
        ) from error
    fitting = {next((soc for soc in socs if chip.takes(soc)), chip.soc) for chip in chips}
    if len(fitting) > 1:
        raise EngineUnavailable(
            f"The chips are of different types: {' and '.join(sorted(fitting))}.",
            f"Make a copy of {manifest.name} under another name for each type, each with one OM, and choose the chips with DEVICES.",
        )
    return fitting.pop()
