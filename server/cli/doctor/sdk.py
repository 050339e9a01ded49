"""The SDK: its folder, and whether the environment is that of its set_env.sh (ascend.md 3.5)."""

from collections.abc import Iterator
from pathlib import Path

from server.cli.doctor.case import Case
from server.cli.doctor.finding import Finding, listed, note, ok, problem
from server.cli.doctor.machine import Machine
from server.cli.doctor.npu_driver import read_version

HOME = "MX_SDK_HOME"
LIBRARY_FOLDERS = ("lib", "opensource/lib", "opensource/lib64")
POST_PROCESS_FOLDER = "lib/modelpostprocessors"
PLUGIN_FOLDERS = ("opensource/lib/gstreamer-1.0", "lib/plugins")
SCANNER = "opensource/libexec/gstreamer-1.0/gst-plugin-scanner"
ACL = "libascendcl.so"
ENTRY_POINT = "/opt/ascend-classify/with_sdk.sh"  # of the image; docker exec bypasses it
INSTALLED = ("usr/local/sdk_home/*", "usr/local/Ascend/mindx*/*", "opt/*sdk*/*")


def check_sdk(case: Case) -> Iterator[Finding]:
    """Check whether the SDK exists and programs can find it."""
    machine, home = case.machine, sdk_home(case.machine)
    if not home:
        yield problem(f"{HOME} is not set: nothing finds the SDK", _where_it_is(machine))
        return
    if not machine.is_dir(home):
        yield problem(f"{HOME} is {home}, which does not exist", _where_it_is(machine))
        return
    if version := read_version(machine, f"{home}/version.info"):
        yield ok(f"SDK {version} in {home}")
    else:
        yield note(f"SDK in {home}, of a version that it does not tell (no version.info)")
    yield from _folders(machine, home, "LD_LIBRARY_PATH", LIBRARY_FOLDERS)
    post_process = f"{home}/{POST_PROCESS_FOLDER}"
    if machine.is_dir(post_process) and post_process not in machine.folders("LD_LIBRARY_PATH"):
        yield note(f"LD_LIBRARY_PATH lacks {post_process}, which only the compiled engine needs", source(machine))
    yield from _folders(machine, home, "GST_PLUGIN_PATH", PLUGIN_FOLDERS)
    yield from _folders(machine, home, "PYTHONPATH", ("python",))
    yield _scanner(machine, home)
    yield _acl(machine)


def sdk_home(machine: Machine) -> str:
    """The SDK's folder, empty if MX_SDK_HOME is not set."""
    return machine.variable(HOME).rstrip("/")


def _where_it_is(machine: Machine) -> str:
    places = (place for pattern in INSTALLED for place in sorted(machine.root.glob(pattern)))
    found = [f"/{place.relative_to(machine.root)}" for place in places if machine.exists(place / "lib/libmxbase.so")]
    if not found:
        return "Install the SDK as the user that serves, then: source <its folder>/set_env.sh"
    return source(machine, found[0], f"export {HOME}={found[0]}")


def source(machine: Machine, home: str = "", by_hand: str = "") -> str:
    """The command that sets the environment: the image's entry point, the SDK's script, or for 2.0.x, which has none, an export."""
    home = home or sdk_home(machine)
    if machine.is_file(ENTRY_POINT):
        return f"Use the image's entry point: {ENTRY_POINT} ascend-classify doctor"
    return f"source {home}/set_env.sh" if not by_hand or machine.is_file(f"{home}/set_env.sh") else by_hand


def _folders(machine: Machine, home: str, name: str, below: tuple[str, ...]) -> Iterator[Finding]:
    there = [f"{home}/{folder}" for folder in below if machine.is_dir(f"{home}/{folder}")]
    missing = [folder for folder in there if folder not in machine.folders(name)]
    if missing:
        yield problem(f"{name} lacks {listed(missing)}", source(machine, home, f"export {name}={':'.join(missing)}:${name}"))
    elif not there:
        yield problem(f"{home} has none of {listed(below)}", "The SDK is not complete: install it again as the user that serves.")
    else:
        yield ok(f"{name} has {'the folders' if len(there) > 1 else 'the folder'} of the SDK")


def _scanner(machine: Machine, home: str) -> Finding:
    set_it = source(machine, home, f"export GST_PLUGIN_SCANNER={home}/{SCANNER}")
    named = str(Path(machine.variable("GST_PLUGIN_SCANNER"))) if machine.variable("GST_PLUGIN_SCANNER") else ""
    if not named:
        return problem("GST_PLUGIN_SCANNER is not set", set_it)
    if not machine.is_file(named):
        return problem(f"GST_PLUGIN_SCANNER is {named}, which does not exist", set_it)
    return ok("GST_PLUGIN_SCANNER names the SDK's" if named == f"{home}/{SCANNER}" else f"GST_PLUGIN_SCANNER is {named}")


def _acl(machine: Machine) -> Finding:
    for folder in machine.folders("LD_LIBRARY_PATH"):
        if machine.exists(f"{folder}/{ACL}"):
            return ok(f"CANN's {ACL} is in {folder}")
    if machine.is_file(ENTRY_POINT):
        return problem(f"LD_LIBRARY_PATH has no folder with CANN's {ACL}", source(machine))
    scripts = sorted(machine.root.glob("usr/local/Ascend/*/set_env.sh"))
    script = f"/{scripts[0].relative_to(machine.root)}" if scripts else "/usr/local/Ascend/nnrt/set_env.sh"
    install = "" if scripts else "Install CANN (nnrt or toolkit), then: "
    return problem(f"LD_LIBRARY_PATH has no folder with CANN's {ACL}", f"{install}source {script}")
