"""Writes the label lists that the original project's tools read: imagenet_label.json from class folders, and val_label.txt.

- `imagenet_label.json`: {file name: class id}, like the model zoo's create_imagenet2012_label.py.
- `val_label.txt`: `name class_id` a line, as the SDK's workflow wants it (see docs/quickstart.md).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from models.model_errors import ClassifyError
from models.training.listing import Listing, read_listing
from models.training.training_errors import DataInvalid

FORMATS = ("json", "txt")
FILES = {"json": "imagenet_label.json", "txt": "val_label.txt"}


def label_list(listing: Listing, form: str, *, paths: bool = False) -> str:
    """The list as text, with bare file names or with paths below the data set's folder. Raises DataInvalid for a repeated name."""
    names = [name if paths else PurePosixPath(name).name for name in listing.names]
    entries = dict(zip(names, listing.labels, strict=True))
    if len(entries) != len(names):
        seen: set[str] = set()
        twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise DataInvalid(
            f"Two classes of {listing.root} have an image of the name {twice!r}.", "Write paths instead of bare names: --paths."
        )
    if form == "json":
        return json.dumps(entries)
    return "".join(f"{name} {label}\n" for name, label in sorted(entries.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list of a folder of class folders; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training labels", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--img_path", type=Path, required=True, help="folder of class folders; class ids follow the sorted names")
    parser.add_argument("--format", choices=FORMATS, default="json", help="json: imagenet_label.json; txt: val_label.txt (default: json)")
    parser.add_argument("--out", type=Path, help="file to write (default: the format's, in this folder)")
    parser.add_argument("--paths", action="store_true", help="paths below img_path instead of bare file names")
    options = parser.parse_args(arguments)
    out = options.out or Path(FILES[options.format])
    try:
        listing = read_listing(options.img_path, training=False)
        out.write_text(label_list(listing, options.format, paths=options.paths), "utf-8")
    except ClassifyError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{out} cannot be written: {error.strerror}.\n")
        return 1
    sys.stdout.write(f"{out}: {len(listing)} images of {len(listing.classes)} classes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
