"""The peers, and the environment that each is installed into."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("build/peers")
OPENVINO, OPENCV, NUMPY = "openvino==2026.4.1", "opencv-python-headless==5.0.0.93", "numpy==2.4.6"  # as in requirements.lock
INSTALLED = "installed.txt"


@dataclass(frozen=True)
class Peer:
    """A server to compare with: its file in `programs`, its packages. It takes a form with `form_field` if that is set, else a body."""

    name: str
    program: str
    packages: tuple[str, ...]
    form_field: str = ""


PEERS = (
    Peer("FastAPI + OpenVINO, plain script", "plain_fastapi.py", ("fastapi==0.165.0", "uvicorn[standard]==0.54.0")),
    Peer("mosec 0.9.8", "with_mosec.py", ("mosec==0.9.8",)),
    Peer("LitServe 0.2.19", "with_litserve.py", ("litserve==0.2.19", "python-multipart==0.0.34"), "image"),
    Peer("Ray Serve 2.60", "with_ray_serve.py", ("ray[serve]==2.60.0",)),
)


def installed(peer: Peer, tell: Callable[[str], None]) -> Path | None:
    """The Python of the peer's environment, made if it is not there; None (and a line) if it cannot be installed."""
    place = FOLDER / Path(peer.program).stem
    python, packages = place / "bin" / "python", "\n".join((OPENVINO, OPENCV, NUMPY, *peer.packages))
    done = place / INSTALLED
    if done.is_file() and done.read_text() == packages:
        return python.absolute()
    tell(f"{peer.name}: installing {', '.join(peer.packages)} into {place}")
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages.split("\n")]
        subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        tell(f"{peer.name}: left out, it cannot be installed: {(error.stderr or str(error)).strip().splitlines()[-1]}")
        return None
    done.write_text(packages)
    return python.absolute()
