"""The address of the server, and its clients."""

import shlex
from collections.abc import Iterator

from server.api.api_keys import ApiKeys
from server.cli.doctor.case import Case
from server.cli.doctor.finding import Finding, note, ok, problem
from server.cli.doctor.machine import Machine
from server.evaluation.dataset.roots import parse_roots
from server.http.address import PortTaken, bind
from server.settings import SettingInvalid

LISTENING = "0A"
OURS = ("ascend-classify serve", "-m server serve")


def check_network(case: Case) -> Iterator[Finding]:
    """Check whether the server can listen, and which clients have access."""
    settings = case.settings
    try:
        bind(settings).close()
        yield ok(f"port {settings.port} of {settings.host} is free" if settings.port else "PORT=0: a free port is taken")
    except PortTaken:
        yield _taken(case)
    except SettingInvalid as error:
        yield problem(error.message.rstrip("."), error.remedy)
    try:
        parse_roots(settings.evaluation_roots)
    except SettingInvalid as error:
        yield problem(error.message.rstrip("."), f"{error.remedy} Or none: export EVALUATION_ROOTS=")
    try:
        settings.read_api_key()
    except SettingInvalid as error:
        file = shlex.quote(str(settings.api_key_file))
        remedy = f"head -c 24 /dev/urandom | base64 > {file} && chmod 600 {file}"
        yield problem(error.message.rstrip("."), remedy)
        return
    try:
        keys = ApiKeys.of(settings)
    except SettingInvalid as error:
        yield problem(error.message.rstrip("."), error.remedy)
        return
    if not (keys or settings.loopback or settings.insecure):
        yield note("without an API key /evaluate and /admin are closed to other machines", "To open them: export API_KEY_FILE=/path/to/key")


def _taken(case: Case) -> Finding:
    host, port = case.settings.host, case.settings.port
    for _, pid, command in case.machine.holders(_sockets(case.machine, port)):
        if any(name in command for name in OURS):
            return note(f"port {port} is held by this very service, process {pid}")
        return problem(f"port {port} is held by process {pid}: {command[:80]}", f"kill {pid}, or take another: export PORT={port + 1}")
    return problem(f"port {port} of {host} is held by a process that this user cannot see", f"sudo ss -ltnp 'sport = :{port}'")


def _sockets(machine: Machine, port: int) -> set[str]:
    """The sockets that listen on a port, with their names in /proc/*/fd."""
    rows = [line.split() for table in ("tcp", "tcp6") for line in machine.text(f"/proc/net/{table}").splitlines()[1:]]
    return {f"socket:[{row[9]}]" for row in rows if len(row) > 9 and row[3] == LISTENING and row[1].endswith(f":{port:04X}")}
