"""The errors of image files on this machine, a branch of the tree in models/model_errors.py.

FileError                  image files that cannot be classified as they are
├─ FileUnreadable          a file that cannot be read, or is empty
├─ NoImages                no folder, or none that holds an image
├─ SameResultFile          two images that would have the same result file
└─ GoldenUnfit             an image that cannot be a model's golden one

Their code is the API's for a request without a usable image: it was theirs before this tree was, and scripts know it.
"""

from models.model_errors import ClassifyError


class FileError(ClassifyError):
    """Image files that cannot be classified as they are."""

    code = "bad_request"


class FileUnreadable(FileError):
    """A file that cannot be read, or is empty."""


class NoImages(FileError):
    """No folder, or none that holds an image."""


class SameResultFile(FileError):
    """Two images that would have the same result file."""


class GoldenUnfit(FileError):
    """An image that cannot be a model's golden one."""
