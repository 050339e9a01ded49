"""What a crash leaves in EVALUATION_DIR, removed at the next start."""

import shutil

from server.evaluation.dataset.roots import UPLOAD
from server.evaluation.evaluation_errors import EvaluationNotFound
from server.evaluation.jobs.job_store import JobStore
from server.evaluation.jobs.upload import UPLOADING
from server.evaluation.run.run_folder import MANIFEST

UNPACKING = ".unpacking-"
"""The folder of an archive begins so while it is unpacked."""
_ANY_ID = "[0-9a-f]" * 16


def remove_left(store: JobStore) -> None:
    """Remove what a crash has left: uploads on their way, and unpacked sets that never got a row."""
    for folder in store.folder.glob(f"{UNPACKING}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in store.folder.glob(f"{UPLOADING}*"):
        file.unlink(missing_ok=True)
    for unpacked in store.folder.glob(f"{_ANY_ID}/{UPLOAD}"):
        try:
            store.get(unpacked.parent.name)
        except ValueError:  # a row of another version, or damaged
            continue
        except EvaluationNotFound:
            if not unpacked.with_name(MANIFEST).exists():
                shutil.rmtree(unpacked.parent, ignore_errors=True)
