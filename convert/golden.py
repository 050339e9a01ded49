"""Gives a model of the store its golden image."""

from convert.conversion_errors import ConvertError
from models.manifest import Golden, ModelManifest
from models.store import StoredModel
from models.store_writer import MANIFEST, locked, write_manifest
from models.whole_file import write_whole


def set_golden(model: StoredModel, image: bytes, golden: Golden) -> StoredModel:
    """Put the image into the model's folder and its entry into the manifest; raises ConvertError."""
    folder = model.folder
    try:
        with locked(folder.parent):
            manifest = ModelManifest.read(folder / MANIFEST)
            write_whole(folder / golden.file, image)
            finished = manifest.model_copy(update={"golden": golden})
            write_manifest(finished, folder)
            if manifest.golden and manifest.golden.file != golden.file:
                (folder / manifest.golden.file).unlink(missing_ok=True)
    except OSError as error:
        raise ConvertError(f"{folder}: {error}.", "See that the model store can be written to and has room.") from error
    return StoredModel(finished, folder)
