"""Finds ATC, and what it needs around it: the layouts of CANN from 2020 (20.x) to today."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from convert.conversion_errors import AtcMissing

HOME_VARIABLES = ("ASCEND_TOOLKIT_HOME", "ASCEND_HOME_PATH")
ROOTS = (Path("/usr/local/Ascend"), Path("~/Ascend"))  # an installation by root, and one by a user
_HOMES = ("ascend-toolkit/latest", "cann", "latest", ".")  # below a root; the last is that of 20.x
_PROGRAMS = ("bin/atc", "compiler/bin/atc", "atc/bin/atc")  # below a home, newest first

# What set_env.sh sets, and the release notes before there was one: below a home, if it exists.
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
# The log goes to standard output instead of a folder of its own; the second name is the older.
_LOG_TO_STDOUT = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "SLOG_PRINT_TO_STDOUT": "1"}


@dataclass(frozen=True)
class AtcInstallation:
    """The program, and the variables that are set for it alone."""

    program: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, arguments: tuple[str, ...]) -> list[str]:
        """The argument list of a process; `env` adds the variables to those that are inherited."""
        variables = {**_LOG_TO_STDOUT, **self.environment}
        return ["env", *(f"{name}={value}" for name, value in variables.items()), str(self.program), *arguments]


def find_atc(named: Path | None, environment: Mapping[str, str]) -> AtcInstallation:
    """ATC where it is named, on the PATH, or where it is usually installed; raises AtcMissing.

    `environment` is that of this process, as far as PATH, LD_LIBRARY_PATH, PYTHONPATH and HOME_VARIABLES are concerned.
    An ATC on the PATH has been set up by set_env.sh and gets nothing added.
    """
    if named:
        if not shutil.which(str(named.absolute())):
            raise AtcMissing(
                f"There is no program {named}.", "Name ATC's own, for example /usr/local/Ascend/ascend-toolkit/latest/bin/atc."
            )
        return AtcInstallation(named.absolute(), _variables(named.absolute(), environment))
    if found := shutil.which("atc", path=environment.get("PATH", "")):
        return AtcInstallation(Path(found).absolute())
    homes = list(dict.fromkeys(_homes(environment)))
    for program in (home / below for home in homes for below in _PROGRAMS):
        if shutil.which(str(program)):
            return AtcInstallation(program, _variables(program, environment))
    raise AtcMissing(
        f"ATC is not on the PATH, nor as {' or '.join(_PROGRAMS)} in {', '.join(map(str, homes))}.",
        "Install the CANN toolkit, run `source /usr/local/Ascend/ascend-toolkit/set_env.sh`, or name it with --atc PATH; "
        "--dry-run prints the command for another machine.",
    )


def _homes(environment: Mapping[str, str]) -> Iterator[Path]:
    yield from (Path(environment[name]) for name in HOME_VARIABLES if environment.get(name))
    yield from (root.expanduser() / home for root in ROOTS for home in _HOMES)


def _variables(program: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What the folders around the program ask for; nothing if they are none of CANN's."""
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
