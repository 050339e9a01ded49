"""Writes and reads `aipp.config`, in protobuf's text format. The vendor's parser knows only the message `aipp_op`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from convert.aipp.config import AippConfig
from convert.conversion_errors import AippInvalid
from models.manifest import ModelManifest

MAX_BYTES = 65_536  # the rendered file has 1.5 KB
MAX_BLOCKS = 16
BLOCK = "aipp_op"
FORMATS = {"1": "YUV420SP_U8", "2": "XRGB8888_U8", "3": "RGB888_U8", "4": "YUV400_U8"}
MODES = {"1": "static", "2": "dynamic"}
BOOLEANS = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}

_REMEDY = "Correct that line, or render a new file: ascend-classify convert aipp NAME -o aipp.config"
_TOKEN = re.compile(r"[{}:]|[^\s{}:]+", re.ASCII)
_WHOLE = re.compile(r"-?(0[xX][0-9a-fA-F]{1,8}|0|[1-9][0-9]{0,8})")  # protobuf reads 010 as 8
_DECIMAL = re.compile(r"-?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][-+]?[0-9]{1,3})?f?")


def _keys(*names: str, channels: int = 0) -> tuple[str, ...]:
    return tuple(f"{name}_{channel}" for name in names for channel in range(channels)) if channels else names


_MATRIX = tuple(f"matrix_r{row}c{column}" for row in range(3) for column in range(3))
_SECTIONS = (
    ("", _keys("aipp_mode", "related_input_rank", "input_format", "src_image_size_w", "src_image_size_h")),
    (
        "The part of the picture that the network gets, px.",
        _keys("crop", "load_start_pos_w", "load_start_pos_h", "crop_size_w", "crop_size_h"),
    ),
    (
        "Colours: a channel is (matrix row * (pixel - input_bias)) / 256.",
        ("csc_switch", *_MATRIX, *_keys("input_bias", "output_bias", channels=3)),
    ),
    ("Whether the first and the third channel are swapped (in YUV: U and V).", _keys("rbuv_swap_switch", "ax_swap_switch")),
    (
        "(pixel - mean_chn - min_chn) * var_reci_chn, the channels in the network's order. mean_chn takes integers only.",
        _keys("mean_chn", "min_chn", "var_reci_chn", channels=3),
    ),
    ("", tuple(f"{name}_3" for name in ("mean_chn", "min_chn", "var_reci_chn"))),
    ("Padding, px.", ("padding", *(f"{side}_padding_size" for side in ("left", "right", "top", "bottom")), "padding_value")),
)
_SWITCHES = ("crop", "csc_switch", "padding")
_ALWAYS = {*_SECTIONS[0][1], "crop", "csc_switch", "rbuv_swap_switch", *_SECTIONS[4][1]}


def render_aipp(config: AippConfig, manifest: ModelManifest | None = None) -> str:
    """The file's text; with `manifest`, the first line names the source."""
    lines = [f"# Rendered from {manifest.name}, recipe {manifest.recipe.sha256}."] if manifest else []
    lines += ["# To change anything, change the manifest and render again."] if manifest else []
    lines.append(f"{BLOCK} {{")
    for comment, keys in _SECTIONS:
        if written := [key for key in keys if _is_written(config, key, keys[0])]:
            lines += [f"\n    # {comment}"] if comment else []
            lines += [f"    {key} : {_shown(getattr(config, key))}" for key in written]
    return "\n".join([*lines, "}\n"])


def _is_written(config: AippConfig, key: str, switch: str) -> bool:
    """Whether to write a key. Defaults are left out unless a switch is on, because the vendor's documents disagree on their values."""
    value = getattr(config, key)
    return key in _ALWAYS or (switch in _SWITCHES and getattr(config, switch)) or value != AippConfig.model_fields[key].default


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_aipp(path: Path) -> AippConfig:
    """The configuration in a file; raises AippInvalid, also if the file cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        return parse_aipp(content.decode("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise AippInvalid(f"{path}: {error}.", "An aipp.config is a text file in UTF-8.") from error


class _Entry(NamedTuple):
    value: object
    line: int


class _Fault(Exception):
    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")


def parse_aipp(text: str, name: str = "aipp.config") -> AippConfig:
    """The configuration in a text; raises AippInvalid with `name` and the line number.

    White space does not matter, `#` begins a comment, and each key may occur once. The format allows several inputs, but a
    classifier has one, so only an `aipp_op` of input 0 is accepted.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise AippInvalid(f"{name}: more than the {MAX_BYTES} bytes that an AIPP configuration may have.", _REMEDY)
    try:
        configs = _blocks(text)
    except _Fault as fault:
        raise AippInvalid(f"{name}, {fault}.", _REMEDY) from fault
    if len(configs) != 1:
        raise AippInvalid(f"{name}: it has {BLOCK} for the inputs {', '.join(map(str, configs))}; a classifier has input 0 only.", _REMEDY)
    return next(iter(configs.values()))


def _blocks(text: str) -> dict[int, AippConfig]:
    """The configurations by input number; raises _Fault."""
    tokens = _Tokens(text)
    configs: dict[int, AippConfig] = {}
    while not tokens.at_end:
        line = tokens.line
        tokens.expect(BLOCK)
        tokens.take_if(":")
        tokens.expect("{")
        config = _config(_entries(tokens), line)
        if config.related_input_rank in configs:
            raise _Fault(line, f"a second {BLOCK} for input {config.related_input_rank}")
        if len(configs) == MAX_BLOCKS:
            raise _Fault(line, f"more than {MAX_BLOCKS} of {BLOCK}")
        configs[config.related_input_rank] = config
    if not configs:
        raise _Fault(tokens.line, f"no {BLOCK} {{ … }}")
    return configs


class _Tokens:
    """The tokens of a text, in order, with their lines."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        self._tokens: list[tuple[str, int]] = [
            (token, number) for number, line in enumerate(lines, 1) for token in _TOKEN.findall(line.partition("#")[0])
        ]
        self._tokens.append(("", len(lines)))
        self._next = 0

    @property
    def at_end(self) -> bool:
        return not self._tokens[self._next][0]

    @property
    def line(self) -> int:
        return self._tokens[self._next][1]

    def take(self) -> str:
        token, _ = self._tokens[self._next]
        self._next += bool(token)
        return token

    def take_if(self, wanted: str) -> bool:
        found = self._tokens[self._next][0] == wanted
        self._next += found
        return found

    def expect(self, wanted: str) -> None:
        line = self.line
        if not self.take_if(wanted):
            raise _Fault(line, f"expected {wanted!r}, found {_cut(self.take())}")


def _cut(token: str) -> str:
    return repr(token[:40]) if token else "the end"


def _entries(tokens: _Tokens) -> Iterator[tuple[str, _Entry]]:
    """The keys of a block up to its closing brace, with their values."""
    while not tokens.take_if("}"):
        line, key = tokens.line, tokens.take()
        if not key:
            raise _Fault(line, f"the {'}'!r} of {BLOCK} is missing")
        field = AippConfig.model_fields.get(key)
        if field is None:
            raise _Fault(line, f"{_cut(key)} is not a key of static AIPP")
        tokens.expect(":")
        yield key, _Entry(_value(key, field, tokens.take(), line), line)


def _value(key: str, field: FieldInfo, token: str, line: int) -> object:
    if key == "aipp_mode":
        if (mode := MODES.get(token, token)) == "dynamic":
            raise _Fault(line, "dynamic AIPP takes its parameters with every picture; use static AIPP, which compiles the recipe in")
        return mode
    if key == "input_format":
        return FORMATS.get(token, token)
    if field.annotation is bool:
        if token not in BOOLEANS:
            raise _Fault(line, f"{key} must be true or false, not {_cut(token)}")
        return BOOLEANS[token]
    if field.annotation is int:
        if not _WHOLE.fullmatch(token):
            raise _Fault(line, f"{key} must be a whole number, not {_cut(token)}")
        return int(token, 16 if "x" in token.lower() else 10)
    if not _DECIMAL.fullmatch(token):
        raise _Fault(line, f"{key} must be a number, not {_cut(token)}")
    return float(token.removesuffix("f"))


def _config(entries: Iterator[tuple[str, _Entry]], line: int) -> AippConfig:
    found: dict[str, _Entry] = {}
    for key, entry in entries:
        if key in found:
            raise _Fault(entry.line, f"{key} is already in line {found[key].line}")
        found[key] = entry
    if "aipp_mode" not in found:
        raise _Fault(line, f"{BLOCK} lacks aipp_mode")
    try:
        return AippConfig.model_validate({key: entry.value for key, entry in found.items()})
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        what = first["msg"].removeprefix("Value error, ")
        raise _Fault(found[key].line if key in found else line, f"{key}: {what}" if key else what) from error
