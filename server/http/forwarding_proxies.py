"""The proxies that FORWARDED_ALLOW_IPS lists: what they say of their clients is believed."""

import ipaddress

from starlette.types import Scope
from uvicorn.middleware.proxy_headers import _TrustedHosts

from server.settings import SettingInvalid

SETTING = "FORWARDED_ALLOW_IPS"


class ForwardingProxies:
    """Reads X-Forwarded-For and X-Forwarded-Proto as uvicorn does, but only for addresses that are listed, and by default for none."""

    def __init__(self, allowed: str) -> None:
        """`allowed` has addresses and networks with commas between, or is `*`; raises SettingInvalid."""
        listed = [entry.strip() for entry in allowed.split(",") if entry.strip()]
        for entry in listed if listed != ["*"] else ():
            try:
                ipaddress.ip_network(entry)
            except ValueError as error:
                raise SettingInvalid(
                    f"{SETTING}: {error}.", "Write addresses and networks, as 10.0.0.7,10.1.0.0/16, or * for all."
                ) from error
        self._trusted = _TrustedHosts(listed) if listed else None

    def lists(self, host: str) -> bool:
        """Whether this is the address of a listed proxy."""
        return self._trusted is not None and host in self._trusted

    def believe(self, scope: Scope) -> None:
        """Put the client that a listed proxy names into the scope; to do it again changes nothing."""
        client = scope.get("client")
        if self._trusted is None or not client or not self.lists(client[0]):
            return
        hosts: list[str] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                hosts.append(value.decode("latin-1"))
            elif name == b"x-forwarded-proto" and value.strip() in (b"http", b"https"):
                scope["scheme"] = value.strip().decode()
        host, port = self._trusted.get_trusted_client_address(",".join(hosts)) if hosts else ("", 0)
        if is_address(host):
            scope["client"] = (host, port)


NO_PROXIES = ForwardingProxies("")


def is_address(text: str) -> bool:
    """Whether a text is an IP address: nothing else goes into the log or counts as a client."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
