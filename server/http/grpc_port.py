"""GRPC_PORT, checked before anything else starts: whether the extra is installed, and the port is free."""

import importlib.util
import sys

from server.http.address import PortTaken, bind
from server.settings import SettingInvalid, Settings

MODULES = ("grpc", "grpc_health", "grpc_reflection", "google.protobuf")
INSTALL = f"{sys.executable} -m pip install 'ascend-classify[grpc]'"


def check_grpc(settings: Settings) -> None:
    """Raise SettingInvalid without the extra `grpc`, or PortTaken; nothing is asked for without GRPC_PORT."""
    if not settings.grpc_port:
        return
    if missing := next((name for name in MODULES if not _is_installed(name)), None):
        remedy = f"Build the container image with WITH_GRPC=1, or install the extra: {INSTALL}"
        raise SettingInvalid(f"GRPC_PORT is set, and the package of {missing} is missing.", remedy)
    if settings.grpc_port == settings.port:
        raise SettingInvalid(f"GRPC_PORT and PORT are both {settings.port}.", "Give each one its own.")
    try:
        bind(settings.model_copy(update={"port": settings.grpc_port})).close()
    except PortTaken as error:
        raise PortTaken(error.message, error.remedy.replace("--port", "--grpc-port")) from error


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the package around it
        return False
