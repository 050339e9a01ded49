"""Finds ATC and its environment, in the layouts of CANN from 2020 (20.x) to today."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from convert.conversion_errors import AtcMissing

HOME_VARIABLES = ("ASCEND_TOOLKIT_HOME", "ASCEND_HOME_PATH")
ROOTS = (Path("/usr/local/Ascend"), Path("~/Ascend"))  # installed by root, or by a user
_HOMES = ("ascend-toolkit/latest", "cann", "latest", ".")  # below a root; the last entry is the layout of 20.x
_PROGRAMS = ("bin/atc", "compiler/bin/atc", "atc/bin/atc")  # below a home, newest first

# The variables that set_env.sh sets (older releases: the release notes); paths below a home, used if they exist.
_PATHS = {
    "PATH": ("bin", "compiler/ccec_compiler/bin", "tools/ccec_compiler/bin", "atc/bin", "atc/ccec_compiler/bin"),
    "LD_LIBRARY_PATH": (
        "lib64",
        "lib64/plugin/opskernel",
        "lib64/plugin/nnengine",
        "compiler/lib64",
        "atc/lib64",
        "atc/lib64/plugin/opskernel",
        "fwkacllib/lib64",
        "acllib/lib64",
    ),
    "PYTHONPATH": (
        "python/site-packages",
        "opp/built-in/op_impl/ai_core/tbe",
        "atc/python/site-packages",
        "atc/python/site-packages/te.egg",
        "atc/python/site-packages/topi.egg",
        "atc/python/site-packages/auto_tune.egg/auto_tune",
        "atc/python/site-packages/schedule_search.egg",
    ),
}
_DRIVER = ("driver/lib64", "driver/lib64/common", "driver/lib64/driver", "add-ons")  # below a root: libascend_hal.so
_FOLDERS = {"ASCEND_OPP_PATH": "opp", "TOOLCHAIN_HOME": "toolkit", "ASCEND_AICPU_PATH": ".", "ASCEND_HOME_PATH": "."}
# Send the log to standard output instead of a folder; the second name is the older one.
_LOG_TO_STDOUT = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "SLOG_PRINT_TO_STDOUT": "1"}


@dataclass(frozen=True)
class AtcInstallation:
    """The program, and the variables that only this program gets."""

    program: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, arguments: tuple[str, ...]) -> list[str]:
        """The argument list of a process; `env` adds the variables to the inherited ones."""
        variables = {**_LOG_TO_STDOUT, **self.environment}
        return ["env", *(f"{name}={value}" for name, value in variables.items()), str(self.program), *arguments]


def find_atc(named: Path | None, environment: Mapping[str, str]) -> AtcInstallation:
    """Find ATC: the named program, or one on the PATH, or one in the usual places; raises AtcMissing.

    `environment` is this process's; PATH, LD_LIBRARY_PATH, PYTHONPATH and HOME_VARIABLES are used.
    If ATC is on the PATH, set_env.sh has set its variables, and none are added.
    """
    if named:
        if not shutil.which(str(named.absolute())):
            raise AtcMissing(
                f"The program {named} does not exist.", "Name the path of ATC, for example /usr/local/Ascend/ascend-toolkit/latest/bin/atc."
            )
        return AtcInstallation(named.absolute(), _variables(named.absolute(), environment))
    if found := shutil.which("atc", path=environment.get("PATH", "")):
        return AtcInstallation(Path(found).absolute())
    homes = list(dict.fromkeys(_homes(environment)))
    for program in (home / below for home in homes for below in _PROGRAMS):
        if shutil.which(str(program)):
            return AtcInstallation(program, _variables(program, environment))
    raise AtcMissing(
        f"ATC is not on the PATH, and not at {' or '.join(_PROGRAMS)} in {', '.join(map(str, homes))}.",
        "Install the CANN toolkit, run `source /usr/local/Ascend/ascend-toolkit/set_env.sh`, or name it with --atc PATH; "
        "--dry-run prints the command for another machine.",
    )


def _homes(environment: Mapping[str, str]) -> Iterator[Path]:
    yield from (Path(environment[name]) for name in HOME_VARIABLES if environment.get(name))
    yield from (root.expanduser() / home for root in ROOTS for home in _HOMES)


def _variables(program: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that the folders around the program need; none if they do not belong to CANN."""
    home = next((program.parents[len(Path(place).parents) - 1] for place in reversed(_PROGRAMS) if program.match(f"*/{place}")), None)
    if home is None or not any((home / folder).is_dir() for folder in ("opp", "compiler", "atc")):
        return {}
    variables = {name: str(home / folder) for name, folder in _FOLDERS.items() if (home / folder).is_dir()}
    for name, folders in _PATHS.items():
        found = [home / folder for folder in folders]
        if name == "LD_LIBRARY_PATH":
            found += [root.expanduser() / folder for root in ROOTS for folder in _DRIVER]
        paths = [str(folder) for folder in found if folder.is_dir()]
        if environment.get(name):
            paths.append(environment[name])
        if paths:
            variables[name] = ":".join(paths)
    return variables
