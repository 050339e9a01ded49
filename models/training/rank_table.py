"""Writes the rank table of one server's Ascend devices, with address and rank of each device, like Huawei's hccl_tools.

Device addresses come from `hccn_tool -i N -ip -g`, or without that tool from /etc/hccn.conf (`address_0=192.168.100.101`).
"""

import argparse
import ipaddress
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from models.model_errors import ClassifyError
from models.training.training_errors import ConfigInvalid, DeviceUnavailable

HCCN_CONF = Path("/etc/hccn.conf")
DEVICES = 8
GROUP = 4  # devices 0-3 and 4-7 have direct links to each other
TOOL_TIMEOUT_S = 20


def parse_range(text: str) -> range:
    """`[0,8)` as a range; raises ConfigInvalid unless it is within 0-3 or within 4-7, or is all eight."""
    match = re.fullmatch(r"\[\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)", text.strip())
    numbers = range(int(match[1]), int(match[2])) if match else range(0)
    if not numbers or numbers.stop > DEVICES:
        raise ConfigInvalid(f"--device_num is {text!r}.", "Write the first device and the one after the last: [0,8), [0,4), [5,6).")
    if numbers.start < GROUP < numbers.stop and len(numbers) < DEVICES:
        raise ConfigInvalid(f"--device_num {text!r} crosses the groups of devices 0-3 and 4-7.", "Stay within one, or take [0,8).")
    return numbers


def parse_visible(text: str) -> list[str]:
    """`4,5,6,7` as device ids; raises ConfigInvalid."""
    ids = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,3}", part) for part in ids) or len(set(ids)) != len(ids):
        raise ConfigInvalid(f"--visible_devices is {text!r}.", "Write device ids: 0,1,2,3,4,5,6,7.")
    return ids


def read_hccn_conf(path: Path) -> dict[str, str]:
    """Device id -> address; skips other lines. Raises DeviceUnavailable if the file cannot be read."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DeviceUnavailable(
            f"The addresses of the devices are unknown: hccn_tool is not installed, and {path} cannot be read ({error}).",
            "Run this on the Ascend server; in a container, mount /etc/hccn.conf.",
        ) from None
    matches = [re.fullmatch(r"address_(\d{1,3})\s*=\s*(\S+)", line.strip()) for line in lines]
    return {match[1]: match[2] for match in matches if match and _is_address(match[2])}


def _from_tool(device_ids: Sequence[str]) -> dict[str, str]:
    """Device id -> address, for the devices that hccn_tool knows."""
    tool = shutil.which("hccn_tool")
    addresses = {}
    for device in device_ids if tool else ():
        try:
            told = subprocess.run(  # noqa: S603 - the vendor's tool, with numbers
                [str(tool), "-i", device, "-ip", "-g"], capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=False
            ).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        match = re.search(r"^\s*ipaddr\s*:\s*(\S+)", told, re.MULTILINE)
        if match and _is_address(match[1]):
            addresses[device] = match[1]
    return addresses


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def rank_table(numbers: range, visible: Sequence[str], server_ip: str, addresses: dict[str, str]) -> dict[str, object]:
    """The table; device n of the range is `visible[n]`. Raises ConfigInvalid, and DeviceUnavailable for a device without an address."""
    if numbers.stop > len(visible):
        raise ConfigInvalid(
            f"--device_num includes device {numbers.stop - 1}, but only {len(visible)} are visible.",
            "Correct --device_num or --visible_devices.",
        )
    devices = []
    for rank, number in enumerate(numbers):
        device = visible[number]
        if device not in addresses:
            raise DeviceUnavailable(f"Device {device} has no address.", "Set one: hccn_tool -i N -ip -s address A netmask M")
        devices.append({"device_id": device, "device_ip": addresses[device], "rank_id": str(rank)})
    server = {"server_id": server_ip, "device": devices, "host_nic_ip": "reserve"}
    return {"version": "1.0", "server_count": "1", "server_list": [server], "status": "completed"}


def file_name(numbers: range, server_ip: str) -> str:
    """`hccl_8p_01234567_127.0.0.1.json`."""
    return f"hccl_{len(numbers)}p_{''.join(map(str, numbers))}_{server_ip}.json"


def _own_address() -> str:
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        raise ConfigInvalid("This server's address cannot be found.", "Give it: --server_ip 10.0.0.1") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the rank table into the working directory; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training rank-table", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device_num", default="[0,8)", help='devices to train on, "[0,8)": 0 to 7 (default)')
    parser.add_argument("--visible_devices", default="0,1,2,3,4,5,6,7", help="device ids in the order of their numbers (default: 0 to 7)")
    parser.add_argument("--server_ip", default="", help="address of this server (default: what its host name resolves to)")
    parser.add_argument("--hccn_conf", type=Path, default=HCCN_CONF, help="file of device addresses (default: /etc/hccn.conf)")
    options = parser.parse_args(arguments)
    try:
        numbers, visible = parse_range(options.device_num), parse_visible(options.visible_devices)
        server_ip = options.server_ip or _own_address()
        if not _is_address(server_ip):
            raise ConfigInvalid(f"--server_ip is {server_ip!r}.", "Give an address: 10.0.0.1")
        wanted = visible[numbers.start : numbers.stop]
        addresses = _from_tool(wanted)
        if not set(wanted) <= set(addresses):
            addresses = read_hccn_conf(options.hccn_conf) | addresses
        table = rank_table(numbers, visible, server_ip, addresses)
    except ClassifyError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    path = Path(file_name(numbers, server_ip))
    path.write_text(json.dumps(table, indent=4) + "\n", "utf-8")
    sys.stdout.write(f"{path.resolve()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
