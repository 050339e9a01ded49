"""The vendor's `sdk.conf`, read by the vendor's rules, so that one file has the same effect on both runtimes."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

MAX_LINES = 100_000
MAX_LINE_BYTES = 9_999

# Key: lowest and highest value. A value beyond a limit becomes the limit; a missing key or another text counts as 0.
LIMITS = {
    "ps_max_log_size": (1, 20),
    "ps_queue_size_warn_percent": (0, 100),
    "ps_interval_time": (1, 24 * 3600),
    "ps_queue_size_interval_time": (10, 1000),
    "ps_queue_size_times": (1, 1000),
}
MAX_MALLOC_BYTES = 4 * 1024**3

# Blanks are C's: leading ones are skipped, and one ends a word.
_WORD = re.compile(r"[ \t\r\v\f]*([^ \t\r\v\f]+)")
_INTEGER = re.compile(r"[ \t\r\v\f]*([+-]?)0*([0-9]+)")
_FLAG = re.compile(r"[ \t\r\v\f]*true", re.IGNORECASE)
_INT_DIGITS = 10  # of the largest 32-bit number
_SIZE = re.compile(r"([0-9]+)([kKmMgG]?)")
_FACTORS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_UNWRITABLE = re.compile(r"[\s#]|^$")

_COMMENTS = {
    "enable_ps": "Whether performance statistics are kept; read once, at the start. Default: false.",
    "ps_log_dir": "Folder of the statistics. A relative one lies in ~/log/mindxsdk. Default: logs.",
    "ps_log_filename": "The beginning of the file names.",
    "ps_max_log_size": "Size at which a new file begins, in MB: 1 to 20. Default: 10. Re-read while running.",
    "ps_queue_size_warn_percent": "Fill of a queue that gives a warning, in percent: 0 to 100. Default: 80. Re-read while running.",
    "ps_interval_time": "Seconds between two reports: 1 to 86400. Default: 60. Re-read while running.",
    "ps_queue_size_interval_time": "Milliseconds between two samples of a queue: 10 to 1000. Default: 50. Re-read while running.",
    "ps_queue_size_times": "Samples of a queue per report: 1 to 1000. Default: 100. Re-read while running.",
    "malloc_max_data_size": "Largest size of a file or buffer, at most 4G; k, m and g are powers of 1024. The SDK's file has 1G.",
}


@dataclass(frozen=True)
class SdkConf:
    """The fields are the file's keys; their defaults are the values in the SDK's own file.

    Units: `ps_max_log_size` MB, `ps_interval_time` s, `ps_queue_size_interval_time` ms, `malloc_max_data_size` bytes.
    """

    enable_ps: bool = False
    ps_log_dir: str = "logs"
    ps_log_filename: str = "performance-statistics.log"
    ps_max_log_size: int = 10
    ps_queue_size_warn_percent: int = 80
    ps_interval_time: int = 60
    ps_queue_size_interval_time: int = 50
    ps_queue_size_times: int = 100
    malloc_max_data_size: int = 1024**3

    @classmethod
    def read(cls, path: Path) -> Self:
        """The configuration of a file: UTF-8, `key=value`, `#` begins a comment, the first line of a key counts.

        Raises OSError if the file cannot be read, ValueError if it has too many lines or a line is too long.
        """
        values = _pairs(path)
        return cls(
            enable_ps=bool(_FLAG.match(values.get("enable_ps", ""))),
            ps_log_dir=_word(values, "ps_log_dir", cls.ps_log_dir),
            ps_log_filename=_word(values, "ps_log_filename", cls.ps_log_filename),
            malloc_max_data_size=_size_bytes(_word(values, "malloc_max_data_size", "")),
            **{key: min(max(_integer(values.get(key, "")), lowest), highest) for key, (lowest, highest) in LIMITS.items()},
        )

    def log_folder(self, home: Path) -> Path:
        """The folder of the statistics: `ps_log_dir`, below `home`/log/mindxsdk if it is relative."""
        return home / "log" / "mindxsdk" / self.ps_log_dir

    def render(self) -> str:
        """The text of a file that gives this configuration; raises ValueError for a name the format cannot hold."""
        parts = ["# Configuration of the SDK\n"]
        for field in fields(self):
            text = str(getattr(self, field.name))
            if _UNWRITABLE.search(text):
                raise ValueError(f"{field.name} cannot be {text!r} in an sdk.conf: write a name without blanks and '#'")
            parts.append(f"# {_COMMENTS[field.name]}\n{field.name}={text.lower() if field.name == 'enable_ps' else text}\n")
        return "\n".join(parts)


def _pairs(path: Path) -> dict[str, str]:
    pairs: dict[str, str] = {}
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 2), b""), start=1):
            if number > MAX_LINES or len(line.rstrip(b"\n")) > MAX_LINE_BYTES:
                raise ValueError(f"{path}, line {number}: at most {MAX_LINES} lines of {MAX_LINE_BYTES} bytes are read")
            text = line.decode(errors="replace").rstrip("\n").partition("#")[0]
            key, equals, value = text.partition("=")
            if equals:
                pairs.setdefault(key.strip(" "), value.strip(" "))
    return pairs


def _word(values: dict[str, str], key: str, default: str) -> str:
    match = _WORD.match(values.get(key, ""))
    return match[1] if match else default


def _integer(text: str) -> int:
    """The number at the start of a text; 0 if there is none or it exceeds 32 bits."""
    match = _INTEGER.match(text)
    if not match or len(match[2]) > _INT_DIGITS:
        return 0
    value = int(match[1] + match[2])
    return value if -(2**31) <= value < 2**31 else 0


def _size_bytes(text: str) -> int:
    """The bytes of a text like 512m; a text that the vendor refuses gives the vendor's limit of 4 GiB."""
    match = _SIZE.fullmatch(text) if len(text) <= 20 else None
    size_bytes = int(match[1]) * _FACTORS[match[2].lower()] if match else 0
    return size_bytes if 1 <= size_bytes <= MAX_MALLOC_BYTES else MAX_MALLOC_BYTES
