"""Builds ATC's command line, and refuses here, before ATC runs, what ATC would refuse (ascend.md 4.1)."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from convert.atc.atc_source import ImageInput, read_source
from convert.atc.om import MAGIC
from convert.conversion_errors import AtcFailed

SOCS = ("Ascend310", "Ascend310P3")
_OTHER_SOCS = re.compile(r"Ascend(310P[1-9]|310B[1-9]|710|910(A|B|ProA|ProB|PremiumA|B[1-4]))")
PRECISION_MODE, PRECISION = "allow_fp32_to_fp16", "f16"  # ATC's word, and the precision of the OM that comes of it
GEARS = range(2, 101)  # allowed number of gears
GEAR = range(1, 2049)  # allowed size of a gear
MAX_AIPP_BYTES = 64 * 1024
# ATC's own rule: 'a-z' 'A-Z' '0-9' '-' '.' '_' and Chinese characters, and the separator.
_NOT_IN_A_PATH = re.compile(r"[^A-Za-z0-9./_\-\u4e00-\u9fa5]")
_NO_OM_SUFFIX = (".air", ".onnx", ".config", ".cfg", ".aippconfig", ".aipp", ".txt")
_ORDER = "The arguments are: SOURCE (.air or .onnx), AIPP config, OM."


@dataclass(frozen=True)
class AtcCommand:
    """A command for ATC; `image` is None for an AIR, `om` ends in .om, more than one entry in `batch_sizes` means gears."""

    source: Path
    aipp: Path
    om: Path
    soc: str
    batch_sizes: tuple[int, ...]
    image: ImageInput | None

    def arguments(self, om: Path | None = None) -> tuple[str, ...]:
        """The argument list without the program's name; `om` is another path for the result."""
        shape: tuple[str, ...] = ()
        if self.image:
            gears = len(self.batch_sizes) > 1
            batch = -1 if gears else self.batch_sizes[0]
            shape = (f"--input_shape={self.image.name}:{batch},3,{self.image.height_px},{self.image.width_px}",)
            if gears:
                shape += (f"--dynamic_batch_size={','.join(map(str, self.batch_sizes))}",)
        return (
            f"--framework={5 if self.image else 1}",
            f"--model={self.source}",
            f"--output={(om or self.om).with_suffix('')}",  # ATC appends .om
            "--input_format=NCHW",
            *shape,
            f"--soc_version={self.soc}",
            "--output_type=FP32",  # Resnet50PostProcess refuses FP16
            f"--insert_op_conf={self.aipp}",
            f"--precision_mode={PRECISION_MODE}",
            "--op_select_implmode=high_precision",
            "--log=error",
        )

    def check(self) -> None:
        """Raise AtcFailed if ATC would refuse the command, or if the result would replace another file."""
        check_soc(self.soc)
        _check_batch_sizes(self.image, self.source, self.batch_sizes)
        _check_paths(self)
        _check_target(self.om)


def atc_command(source: Path, aipp: Path, om: Path, soc: str = SOCS[0], batch_sizes: tuple[int, ...] = (1,)) -> AtcCommand:
    """The command for these files, with absolute paths; `om` with or without `.om`. Raises AtcFailed if it cannot succeed."""
    _check_aipp(aipp)
    if om.suffix in _NO_OM_SUFFIX:
        raise AtcFailed(f"The OM would be {om}, which is also the name of an input.", _ORDER)
    target = om if om.suffix == ".om" else om.with_name(f"{om.name}.om")
    command = AtcCommand(source.absolute(), aipp.absolute(), target.absolute(), soc, batch_sizes, read_source(source))
    command.check()
    return command


def check_soc(soc: str) -> str:
    """A warning for an untested chip, or an empty text; raises AtcFailed if it is not the name of a chip."""
    if soc in SOCS:
        return ""
    if _OTHER_SOCS.fullmatch(soc):
        return f"{soc} is passed on to ATC, but was not tested; this project knows {' and '.join(SOCS)}."
    close = get_close_matches(soc.capitalize(), SOCS, n=1, cutoff=0.6)
    raise AtcFailed(
        f"Unknown chip {soc!r}.",
        f"{f'Did you mean {close[0]}? ' if close else ''}Write 'Ascend' and the chip name that npu-smi info shows: {', '.join(SOCS)}.",
    )


def _check_aipp(aipp: Path) -> None:
    if aipp.suffix == ".om":
        raise AtcFailed(f"The AIPP config is {aipp}: AIPP and OM are swapped.", _ORDER)
    try:
        with aipp.open("rb") as file:
            content = file.read(MAX_AIPP_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as error:
        raise AtcFailed(f"The AIPP config {aipp} cannot be read: {error.strerror}.", _ORDER) from error
    except UnicodeDecodeError:
        what = "an OM" if content.startswith(MAGIC) else "not a text"
        raise AtcFailed(f"The AIPP config {aipp} is {what}.", _ORDER) from None
    if len(content) > MAX_AIPP_BYTES or "\0" in text or "aipp_op" not in text:
        raise AtcFailed(f"{aipp} is not an AIPP config: it has no aipp_op, or is not a text of at most 64 KiB.", _ORDER)


def _check_target(om: Path) -> None:
    if not om.parent.is_dir():
        raise AtcFailed(f"The folder {om.parent} for the OM does not exist.", "Create it first.")
    if om.is_dir():
        raise AtcFailed(f"{om} is a folder.", _ORDER)
    if om.exists():
        with om.open("rb") as file:
            if file.read(len(MAGIC)) not in (MAGIC, b""):
                raise AtcFailed(f"{om} exists but is not an OM, so it is not overwritten.", _ORDER)


def _check_batch_sizes(image: ImageInput | None, source: Path, sizes: tuple[int, ...]) -> None:
    if not sizes or sorted(set(sizes)) != list(sizes):
        raise AtcFailed(f"The batch sizes {_listed(sizes)} are not in rising order.", "Try for example 1,2,4,8.")
    if outside := [size for size in sizes if size not in GEAR]:
        raise AtcFailed(f"A batch size of {outside[0]} is outside {GEAR[0]} to {GEAR[-1]}.", "Try for example 1,2,4,8.")
    if len(sizes) > 1 and image is None:
        raise AtcFailed(
            f"{source} is an AIR, whose batch was fixed at its export: it cannot have gears ({_listed(sizes)}).",
            "Give only that batch size, or start from an ONNX.",
        )
    if len(sizes) > 1 and len(sizes) not in GEARS:
        raise AtcFailed(f"ATC takes {GEARS[0]} to {GEARS[-1]} gears, not {len(sizes)}.", "Remove some.")
    if image and image.batch and sizes != (image.batch,):
        raise AtcFailed(
            f"The batch of {source} is fixed to {image.batch}, but {_listed(sizes)} was requested.",
            "Export it with a free first dimension.",
        )


def _check_paths(command: AtcCommand) -> None:
    for path in (command.source, command.aipp, command.om):
        if wrong := _NOT_IN_A_PATH.search(str(path)):
            raise AtcFailed(
                f"ATC does not accept {wrong[0]!r} in a path: {path}.", "Letters, digits, '-', '.', '_' and Chinese characters are allowed."
            )


def _listed(sizes: tuple[int, ...]) -> str:
    return ",".join(map(str, sizes)) or "(none)"
