"""Opens a labelled set: finds its list or its class folders, and maps its labels to the model's classes."""

import os
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from models.synsets import synsets_of
from server.evaluation.dataset.class_groups import Groups, fold_of, parse_groups
from server.evaluation.dataset.class_words import ClassWords, plain
from server.evaluation.dataset.image_folder import ImageFolder
from server.evaluation.dataset.label_files import MAX_LIST_BYTES, LabelFile, read_label_file
from server.evaluation.dataset.label_map import LabelMap, map_labels
from server.evaluation.dataset.labelled_set import NO_LABEL, LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_layout import beside_the_list, label_files, parts, refuse_parts, unwrapped
from server.evaluation.evaluation_errors import DatasetInvalid

_SHOWN = 5
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_LISTS = (".txt", ".csv", ".tsv", ".json", ".jsonl")


def open_labelled_set(
    contents: RootFiles,
    labels: Path | None,
    class_names: Sequence[str],
    *,
    limit: int | None = None,
    label_map: str | None = None,
) -> LabelledSet:
    """Read the list of a set: a folder with a file of labels, or a folder of class folders. A path of labels is relative to the folder.

    Every file below a class folder is in the list; what cannot be decoded fails later, in its turn. A client must not choose an absolute
    path of labels. `label_map` names the classes of labels, as `cat=281-285`. Raises DatasetInvalid, with the place, if
    the files do not give a list of labelled images.
    """
    opening = _Opening(class_names, parse_groups(label_map or "", class_names))
    return opening.open(ImageFolder(contents), labels).first(limit)


class _Opening:
    """One set, and the notes on what was found in it."""

    def __init__(self, class_names: Sequence[str], groups: Groups) -> None:
        self._class_names = class_names
        self._groups = groups
        self._notes: list[str] = []

    def open(self, folder: ImageFolder, labels: Path | None) -> LabelledSet:
        """The set of a folder, with this list of labels or with what the folder has."""
        outer = folder
        if labels is None:
            folder = unwrapped(folder, self._is_class, self._notes)
            if found := label_files(folder):
                if len(found) > 1:
                    raise DatasetInvalid(f"{folder.root} holds {' and '.join(found)}.", "Choose the file of labels.")
                labels = Path(found[0])
                self._notes.append(f"Labels from {labels.name}, which is in the folder.")
        return self._from_list(folder, labels) if labels else self._from_class_folders(folder, outer)

    def _from_class_folders(self, folder: ImageFolder, outer: ImageFolder) -> LabelledSet:
        if len(found := parts(folder)) > 1:
            raise refuse_parts(folder, found)
        loose = folder.files()
        images = {name: list(folder.walk(name)) for name in folder.folders()}
        if empty := [name for name, files in images.items() if not files]:
            self._notes.append(f"{len(empty)} class folders hold no files: {_some(empty)}.")
        images = {name: files for name, files in images.items() if files}
        if not images:
            if not folder.has_pictures():
                packed = [file for file in loose if file.casefold().endswith(_ARCHIVES)]
                held = f", but {_some(packed)}" if packed else ""
                remedy = "Unpack it first." if packed else "Name a folder of class folders, or one with a list of labels."
                raise DatasetInvalid(f"{folder.root} has no images{held}.", remedy)
            raise self._without_labels(folder, len(loose), outer)
        if loose:
            self._notes.append(f"{len(loose)} files outside the class folders are left out: {_some(loose)}.")
        try:
            mapped = map_labels(images.keys(), self._class_names, self._groups)
        except DatasetInvalid as error:
            raise refuse_parts(folder, found) if found else error from None
        files = [file for found in images.values() for file in found]
        ids = array("i", (mapped.ids[name] for name, found in images.items() for _ in found))
        return self._made(folder, "class folders", mapped, [_printable(file) for file in files], files, ids)

    def _without_labels(self, folder: ImageFolder, files: int, outer: ImageFolder) -> DatasetInvalid:
        name, words = folder.root.name, ClassWords(self._class_names)
        called = "" if words.find(name) else f", and {name!r} is not a class of the model"
        lists = [file for file in outer.files() if file.casefold().endswith(_LISTS)]
        which = f" ({_some(lists)}?)" if lists else ""
        remedy = f"Give a file of labels{which}, or use class folders. {words.suggestion(name, near=False)}".strip()
        return DatasetInvalid(f"{folder.root} holds {files} files but no labels{called}.", remedy)

    def _from_list(self, folder: ImageFolder, labels: Path) -> LabelledSet:
        content = _read_labels(folder.contents, labels)
        labels = folder.root / labels
        found = read_label_file(content, labels)
        distinct = {line.label for line in found.lines if line.label}
        if not distinct:
            raise DatasetInvalid(f"{labels} holds {len(found.lines)} names but no labels.", "A line is a name and a label.")
        folder = beside_the_list(folder, _relative(found.lines[0].name, labels, found.lines[0].line, folder.root), self._notes)
        mapped = map_labels(distinct, self._class_names, self._groups)
        names, files, ids = self._listed(folder, labels, found, mapped)
        _check_folders(labels, files, ids, synsets_of(self._class_names), fold_of(self._groups))
        return self._made(folder, found.format, mapped, names, files, ids)

    def _listed(self, folder: ImageFolder, labels: Path, found: LabelFile, mapped: LabelMap) -> tuple[list[str], list[str], "array[int]"]:
        """Names, files and class ids of a list."""
        first_line: dict[str, int] = {}  # by file
        names: list[str] = []
        ids = array("i")
        counts: Counter[str] = Counter()
        for line in found.lines:
            relative = _relative(line.name, labels, line.line, folder.root)
            file, how = _file_of(folder, relative)
            label = mapped.ids[line.label] if line.label else NO_LABEL
            before = first_line.setdefault(file, len(names))
            if before < len(names):
                if ids[before] != label:
                    where = f"{labels}, line {line.line}"
                    raise DatasetInvalid(
                        f"{where}: {line.name!r} already has another label, as {names[before]!r}.", "Give each image one label."
                    )
                counts["repeated"] += 1
                continue
            counts[how] += 1
            names.append(line.name)
            ids.append(label)
        if counts["missing"] == len(names):
            raise DatasetInvalid(f"None of the {len(names)} images of {labels} is in {folder.root}.", f"The first is {names[0]!r}.")
        if unlisted := folder.unlisted_pictures(first_line.keys()):
            counts["unlisted"] = unlisted
        self._notes += [f"{counts[what]} {words}" for what, words in _COUNTED.items() if counts[what]]
        return names, list(first_line), ids

    def _made(
        self, folder: ImageFolder, kind: str, mapped: LabelMap, names: Sequence[str], files: Sequence[str], ids: "array[int]"
    ) -> LabelledSet:
        if side := folder.side_files():
            told = ", ".join(f"{name} ({count})" for name, count in side.most_common(_SHOWN))
            self._notes.append(
                f"{side.total()} hidden files and files of systems are left out: {told}{', …' if len(side) > _SHOWN else ''}."
            )
        groups = {label: ids for label, ids in self._groups.items() if len(ids) > 1}
        notes = tuple(map(_printable, (*self._notes, *mapped.notes)))
        return LabelledSet(folder.contents, f"{kind} ({mapped.kind})", notes, names, files, ids, groups)

    def _is_class(self, name: str) -> bool:
        if plain(name) in map(plain, self._groups):
            return True
        try:
            map_labels([name], self._class_names)
        except DatasetInvalid:
            return False
        return True


_COUNTED = {
    "repeated": "lines repeat an image with the same label and are counted once.",
    "below": "images were found by their names in folders below.",
    "unlisted": "images of the folder are not in the list and are left out.",
    "missing": "images of the list are not in the folder: they count as failures.",
}


def _read_labels(contents: RootFiles, labels: Path) -> bytes:
    try:
        if labels.is_absolute():
            return RootFiles(labels.parent, follow_links=True).read(labels.name, MAX_LIST_BYTES)
        return contents.read(str(labels), MAX_LIST_BYTES)
    except OSError as error:
        raise DatasetInvalid(f"{contents.path / labels} cannot be read: {error.strerror}.") from error


def _file_of(folder: ImageFolder, name: str) -> tuple[str, str]:
    """The file of a name, or the name itself; and how it was found: "here", "below" or "missing"."""
    if file := folder.find(name):
        return file, "here"
    if "/" not in name and (file := folder.find_anywhere(name)):
        return file, "below"
    return name, "missing"


def _check_folders(labels: Path, files: Sequence[str], ids: Sequence[int], known: Mapping[str, int], fold: Mapping[int, int]) -> None:
    """Refuse a list of other class ids than those of the synset folders in which its images lie: it is of a model with other classes."""
    for file, class_id in zip(files, ids, strict=True):
        folder = file.split("/")[-2] if "/" in file else ""
        if folder in known and fold.get(known[folder], known[folder]) != class_id != NO_LABEL:
            raise DatasetInvalid(
                f"{labels} gives class {class_id} to {file!r}, but {folder} is class {known[folder]} of the model.",
                "The list belongs to a model with other classes: move it away, and the folders give the labels.",
            )


def _relative(name: str, labels: Path, line: int, root: Path) -> str:
    """A name that stays inside the folder, with slashes between its parts; a whole path may lead there, too."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() and path.is_relative_to(root.absolute()):
        path = path.relative_to(root.absolute())
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise DatasetInvalid(
            f"{labels}, line {line}: {name[:80]!r} is not a name inside the folder.", "Names are relative to the folder of the images."
        )
    return str(path)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _printable(file: str) -> str:
    """A file's name as text, also if its bytes are not UTF-8."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")
