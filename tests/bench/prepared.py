"""What the commands of the load tool share: the photo, the prepared models, what they print."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import cv2
import typer

from models.store import ModelStore
from tests.bench.pairs import NULL
from tests.bench.small_model import NAME, store_small_model

PHOTO = Path(__file__).parents[1] / "photos" / "coffee.png"
SIZE_PX = (500, 375)
QUALITY = 97  # some 97 KB, as a photo of ImageNet has

Store = Annotated[Path, typer.Option(help="Folder of the prepared models; what is missing is prepared.")]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def photo_file() -> Path:
    """A JPEG of 500x375 pixels in a file of its own."""
    photo = cv2.resize(cv2.imread(str(PHOTO)), SIZE_PX, interpolation=cv2.INTER_AREA)  # type: ignore[arg-type]
    path = Path(tempfile.mkdtemp(prefix="bench-")) / "photo.jpg"
    path.write_bytes(cv2.imencode(".jpg", photo, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1].tobytes())
    return path


def prepared(name: str, store: Path) -> None:
    from convert.prepare import prepare

    if name == NAME:
        store_small_model(store)
    elif name != NULL:
        prepare(name, ModelStore(store), random=name.startswith("resnext"), progress=tell)
