"""TLS_CERT and TLS_KEY, checked before anything else starts: HTTP and gRPC use the same pair."""

import ssl

from server.settings import SettingInvalid, Settings

REMEDY = "Name a certificate and its private key, both in PEM and without a password."


def check_tls(settings: Settings) -> None:
    """Raise SettingInvalid if one of the two is missing, or if they do not belong together."""
    cert, key = settings.tls_cert, settings.tls_key
    if not (cert or key):
        return
    if not (cert and key):
        raise SettingInvalid(f"{'TLS_KEY' if cert else 'TLS_CERT'} is not set, and the other of the two is.", "Set both, or none.")
    for name, path in (("TLS_CERT", cert), ("TLS_KEY", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise SettingInvalid(f"{name}: {path} cannot be read: {error.strerror}.", REMEDY) from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise SettingInvalid(f"TLS_CERT and TLS_KEY: {cert} and {key} are not a certificate and its key: {error}.", REMEDY) from error
