"""Unpacks the labelled set of a zoo model, so that a user can measure the model without another download.

Makes for each set of the archive, below `evaluation/`: `images/` and `val_label.txt` (`name label`, the format of the SDK's
workflow), and the same pictures in class folders below `classes/`.
"""

import re
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path

from models.bounded_zip import open_zip
from models.manifest import ModelManifest
from models.model_errors import ArtifactDamaged
from models.store import sha256_of, zoo_folder
from models.store_writer import FOLDER_MODE
from models.whole_file import FILE_MODE

FOLDER = "evaluation"
LABELS = "val_label.txt"
MEMBER = re.compile(r"([a-z0-9_]{1,32})/([A-Za-z0-9_]{1,32})/([A-Za-z0-9_]{1,64}\.png)")
MAX_PICTURES = 10_000
MAX_PICTURE_BYTES = 1 << 20
MAX_DIRECTORY_BYTES = 4 << 20


def evaluation_is_there(manifest: ModelManifest, folder: Path) -> bool:
    """Whether a stored model has the labelled set of its manifest; also true if the manifest names none."""
    return manifest.evaluation is None or (folder / FOLDER).is_dir()


def unpack_evaluation(manifest: ModelManifest, folder: Path) -> None:
    """Unpack the labelled set of a zoo model into its folder, if it has one; raises ArtifactDamaged for another archive."""
    if manifest.evaluation is None:
        return
    archive = zoo_folder(manifest.name) / manifest.evaluation.file
    if not archive.is_file() or sha256_of(archive) != manifest.evaluation.sha256:
        raise ArtifactDamaged(f"{archive} is not the file of the manifest.", "Install ascend-classify again.")
    unpack(archive, manifest.classes, folder / FOLDER)


def unpack(archive: Path, classes: int, folder: Path) -> None:
    """Unpack `<set>/<class>/<name>.png`; the id of a class is its position among the sorted class names of the set.

    Raises ArtifactDamaged for any other member, for more than 10,000 pictures or one above 1 MiB, for a set without some
    class, and for two pictures of one name.
    """
    try:
        with archive.open("rb") as stream, open_zip(stream, MAX_PICTURES, MAX_DIRECTORY_BYTES) as file:
            sets = _sets(archive, file, classes)
            for name, pictures in sets.items():
                _write_set(file, pictures, folder / name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise ArtifactDamaged(f"{archive} cannot be read: {error}.", "Install ascend-classify again.") from error


def _sets(archive: Path, file: zipfile.ZipFile, classes: int) -> dict[str, dict[str, list[zipfile.ZipInfo]]]:
    """The members by set and class."""
    sets: dict[str, dict[str, list[zipfile.ZipInfo]]] = defaultdict(lambda: defaultdict(list))
    seen: set[tuple[str, str]] = set()
    for member in file.infolist():
        fits = MEMBER.fullmatch(member.filename)
        if not fits or member.file_size > MAX_PICTURE_BYTES or (fits[1], fits[3]) in seen:
            raise ArtifactDamaged(f"{archive} holds {member.filename!r}, which is not a picture of a set.", "Make it again.")
        seen.add((fits[1], fits[3]))
        sets[fits[1]][fits[2]].append(member)
    for name, pictures in sets.items():
        if len(pictures) != classes:
            raise ArtifactDamaged(f"{archive}: {name!r} has {len(pictures)} classes, the model {classes}.", "Make it again.")
    return sets


def _write_set(file: zipfile.ZipFile, pictures: dict[str, list[zipfile.ZipInfo]], folder: Path) -> None:
    lines = []
    for label, class_name in enumerate(sorted(pictures)):
        for member in pictures[class_name]:
            name = member.filename.rpartition("/")[2]
            content = _read(file, member)
            _write(folder / "images" / name, content)
            _write(folder / "classes" / class_name / name, content)
            lines.append(f"{name} {label}\n")
    _write(folder / LABELS, "".join(sorted(lines)).encode())


def _read(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The picture, at most as many bytes as the archive announces; raises BadZipFile if its data lie outside the file."""
    try:
        return file.read(member)
    except OSError as error:
        raise zipfile.BadZipFile(f"{member.filename}: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(FOLDER_MODE)  # the umask changes mkdir's own mode
    path.write_bytes(content)
    path.chmod(FILE_MODE)
