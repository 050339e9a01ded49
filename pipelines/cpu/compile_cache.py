"""Keeps compiled models on the disk, so that a start loads what an earlier one compiled from the same file with the same program.

OpenVINO writes a file for each compiled model. It looks at the head of such a file only: a damaged one would answer wrongly. So the digests
of the files stand beside them, and are checked before each use; what does not match is compiled again.
"""

import hashlib
import json
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipelines.cpu.processor import capabilities, processor_name
from pipelines.cpu.quiet_openvino import ov

logger = logging.getLogger(__name__)

KEPT = 8
"""Models: the ones that were used last. Those that this process has used are kept beyond it."""
DIGESTS, FRESH = "sha256.json", ".fresh-"
LEFT_OVER_S = 3600.0
"""What is compiled takes minutes at most: older unfinished folders are those of processes that were killed."""
_OTHERS = stat.S_IWGRP | stat.S_IWOTH

_used: set[Path] = set()
"""The models that this process has used: a server of many models would else remove at each start what it needs at the next."""

Compiled = TypeVar("Compiled")


def compiled_once(
    folder: Path | None, model: Path, config: dict[str, object], compile_with: Callable[[dict[str, object]], Compiled]
) -> Compiled:
    """What `compile_with(config)` returns, from the cache if it is there; raises what that raises.

    Without a folder, or with one that cannot be used, nothing is kept.
    """
    if folder is None or not _is_ours(folder):
        return compile_with(config)
    place = folder / _key(model, config)
    _used.add(place)
    if _is_whole(place):
        os.utime(place)
        return compile_with({**config, "CACHE_DIR": str(place)})
    fresh = Path(tempfile.mkdtemp(prefix=FRESH, dir=folder))
    try:
        compiled = compile_with({**config, "CACHE_DIR": str(fresh)})
        _keep(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return compiled


def _is_ours(folder: Path) -> bool:
    """Whether the folder is there, or can be made, and only this user can write into it: what lies in it is run."""
    if folder.parts[:1] == ("~",):
        logger.debug("compiled models are not kept: this user has no home")
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.stat()
    except OSError as error:
        logger.debug("compiled models are not kept: %s", error)
        return False
    if found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
        logger.warning("compiled models are not kept: others can write into %s. Run: chmod 700 %s", folder, folder)
        return False
    return os.access(folder, os.W_OK)


def _key(model: Path, config: dict[str, object]) -> str:
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    facts = (sorted(config.items()), ov.__version__, processor_name(), capabilities(), os.cpu_count())
    digest.update(repr(facts).encode())
    return digest.hexdigest()[:32]


def _digests(place: Path) -> dict[str, str]:
    found = {}
    for path in sorted(place.iterdir()):
        if path.name != DIGESTS:
            with path.open("rb") as file:
                found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _is_whole(place: Path) -> bool:
    try:
        told = json.loads((place / DIGESTS).read_bytes())
        if told == _digests(place):
            return True
        logger.warning("the compiled model in %s is damaged, and is compiled again", place)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        logger.warning("the compiled model in %s cannot be used, and is compiled again: %s", place, error)
    shutil.rmtree(place, ignore_errors=True)
    return False


def _keep(fresh: Path, place: Path) -> None:
    """Give what was compiled its name, and remove the models of other processes that were not used for longest."""
    try:
        (fresh / DIGESTS).write_text(json.dumps(_digests(fresh)))
        fresh.rename(place)  # fails if another process was first
        models = sorted((path for path in place.parent.iterdir() if not path.name.startswith(".")), key=lambda path: path.stat().st_mtime)
        left_over = [path for path in place.parent.glob(f"{FRESH}*") if path.stat().st_mtime < time.time() - LEFT_OVER_S]
        for old in (*(path for path in models[:-KEPT] if path not in _used), *left_over):
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        logger.debug("the compiled model is not kept: %s", error)
