"""Fetches an archive of models over HTTPS, checks its sha256, and unpacks it: `python fetch_models.py FOLDER`, with URL and SHA256 set.

It needs Python 3.11 and certifi, which the images have. The archive is a tar of a model store: a folder for each model, with its
manifest.toml.
"""

import hashlib
import os
import ssl
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import certifi

CHUNK_BYTES = 1024 * 1024
MAX_BYTES = 4 * 1024**3
TRIES = 5
TIMEOUT_S = 30


def main(folder: Path, url: str, sha256: str) -> str:
    """Fetch and unpack; returns what is wrong, or nothing."""
    shown = url.partition("?")[0]  # what follows may be a signature, which opens the archive
    if not url.startswith("https://") and not url.startswith("http://127.0.0.1:"):
        return f"URL is {shown!r}. Set it to the https address of a tar of models."
    if len(sha256) != hashlib.sha256().digest_size * 2:
        return "SHA256 is not a sha256 in hexadecimal digits. Set it to what sha256sum prints for the archive."
    archive = folder / ".archive"
    for attempt in range(1, TRIES + 1):
        try:
            found = fetch(url, archive)
            break
        except urllib.error.HTTPError as error:
            wrong = f"{shown} answers {error.code} {error.reason}."
        except (OSError, ValueError) as error:
            wrong = f"{shown} cannot be fetched: {error}."
        if attempt == TRIES:
            return wrong
        sys.stderr.write(f"{wrong} Try {attempt + 1} of {TRIES} follows.\n")
        time.sleep(2 ** (attempt - 1))
    try:
        if found != sha256.lower():
            return f"{shown} has the sha256 {found}, and SHA256 says {sha256}. Correct the one that is wrong; nothing was unpacked."
        with tarfile.open(archive) as opened:
            unpack(opened, folder)
    except (tarfile.TarError, OSError) as error:
        return f"{shown} is not a tar that can be unpacked: {error}."
    finally:
        archive.unlink(missing_ok=True)
    names = sorted(path.parent.name for path in folder.glob("*/manifest.toml"))
    if not names:
        return f"{shown} holds no model: no folder in it has a manifest.toml."
    sys.stdout.write(f"Models: {', '.join(names)}\n")
    return ""


def fetch(url: str, archive: Path) -> str:
    """The sha256 of what was fetched into the file; raises OSError."""
    digest, received_bytes = hashlib.sha256(), 0
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT_S, context=trusted()) as answer,  # noqa: S310 - its scheme is checked
        archive.open("wb") as file,
    ):
        while chunk := answer.read(CHUNK_BYTES):
            received_bytes += len(chunk)
            if received_bytes > MAX_BYTES:
                raise ValueError(f"it has more than {MAX_BYTES} bytes")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def unpack(opened: tarfile.TarFile, folder: Path) -> None:
    """Plain files into the folder; raises TarError at a link, a device and a way out. tarfile's filters are newer than Debian's 3.11.2."""
    for member in opened:
        if not member.isreg() and not member.isdir():
            raise tarfile.TarError(f"{member.name} is neither a file nor a folder")
        if not (folder / member.name).resolve().is_relative_to(folder.resolve()):
            raise tarfile.TarError(f"{member.name} lies outside")
        if member.isreg():
            opened.extract(member, folder, set_attrs=False)


def trusted() -> ssl.SSLContext:
    """The authorities of the system or of SSL_CERT_FILE, and those of certifi: Debian's slim image has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


if __name__ == "__main__":
    os.umask(0o027)  # the SDK refuses models that all can read
    sys.exit(main(Path(sys.argv[1]), os.environ.get("URL", ""), os.environ.get("SHA256", "")) or None)
