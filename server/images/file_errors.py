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
    """Image files that cannot be classified as they are.

    Do what the message says of the file.
    """

    code = "bad_request"


class FileUnreadable(FileError):
    """A file that cannot be read, or is empty.

    Check the path, the rights and the size of the file.
    """


class NoImages(FileError):
    """No folder, or none that holds an image.

    Name a folder that holds images, or image files.
    """


class SameResultFile(FileError):
    """Two images that would have the same result file.

    Rename one of the two images, or classify them into different folders.
    """


class GoldenUnfit(FileError):
    """An image that cannot be a model's golden one.

    Take a photo of one clear class that the model is sure of.
    """
