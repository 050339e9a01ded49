"""What the commands of the load tool share: the photo, the prepared models, what they print."""

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import cv2
import typer

from models.manifest import CPU
from models.model_errors import ArtifactDamaged, ArtifactStale, ClassifyError, ModelNotPrepared
from models.rebuild_command import RANDOM_VERSION
from models.store import ModelStore, StoredModel
from models.store_writer import workshop
from pipelines.cpu.processor import lack
from tests.bench import chosen
from tests.bench.pairs import NULL
from tests.bench.small_model import NAME, store_small_model
from tests.factories.photo_crops import PHOTOS, write_crops

PHOTO = Path(__file__).parents[1] / "photos" / "coffee.png"
SIZE_PX = (500, 375)
QUALITY = 97  # some 97 KB, as a photo of ImageNet has
CALIBRATION = 200  # pictures for an int8 artifact,
FEW = 20  # and for one of random weights, which has no answers to keep

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


def photos() -> list[Path]:
    """Those of the tests, and of scikit-learn if that is installed."""
    spec = find_spec("sklearn")
    return [*PHOTOS, *(sorted((Path(spec.origin).parent / "datasets/images").glob("*.jpg")) if spec and spec.origin else ())]


def all_prepared(models: str, store: Path) -> list[str]:
    """Prepare the models of a list with commas before the first is measured; their names."""
    names = models.split(",")
    for name in names:
        prepared(name, store)
    return names


def prepared(name: str, store: Path) -> None:
    """Put the model into the store, with its int8 artifact if that is the precision; ends with 1 if this machine cannot."""
    from convert.prepare import prepare

    precision = chosen.precision()
    if lacking := lack(precision):
        tell(f"PRECISION={precision}, but {lacking}.")
        raise typer.Exit(1)
    try:
        if name == NAME:
            store_small_model(store)
        elif name != NULL:
            prepare(name, ModelStore(store), random=name.startswith(("resnext50", "resnext101")), progress=tell)
        if precision == "int8" and name != NULL:
            _with_int8(ModelStore(store).open(name))
    except ClassifyError as error:
        tell(str(error))
        raise typer.Exit(1) from error


def _with_int8(model: StoredModel) -> None:
    """Make the int8 artifact unless it is there: of random weights the fastest one, else the one that agrees most with f32."""
    if model.manifest.name == NAME:
        raise ClassifyError(f"{NAME} cannot be quantised, because no recipe is folded in.", "Leave it out: --models efficientnet_lite0")
    try:
        model.check_artifact(CPU, "int8")
    except (ModelNotPrepared, ArtifactDamaged, ArtifactStale):
        _quantise(model, trained=model.manifest.version != RANDOM_VERSION)


def _quantise(model: StoredModel, *, trained: bool) -> None:
    from convert.quantisation.int8_artifact import keep, record_of
    from convert.quantisation.onnxruntime_quantiser import tool_version
    from convert.quantisation.picture_set import collect_pictures
    from convert.quantisation.search import GOOD, search

    tool_version()  # says what to install
    tell(f"Quantising {model.manifest.name}.")
    with workshop(model.folder.parent) as folder:
        paths = write_crops(folder, CALIBRATION if trained else FEW, seed=1, photos=photos())
        pictures = collect_pictures(model.manifest, paths, Path.read_bytes, folder / "pictures.u8", _nothing)
        found = search(model, pictures, folder, lambda _what, _pictures: _nothing, good=GOOD if trained else 0.0, force=True)
        keep(model, found, record_of(found, pictures))
    same = found.best.compared.confident
    tell(f"Its int8 artifact ({found.best.variant}) has f32's best class on {same.same} of {same.total} pictures of which f32 is sure.")


def _nothing() -> None:
    """Count no progress."""
