"""The errors of image files on this machine, a branch of the tree in models/model_errors.py.

FileError                  image files that cannot be classified
├─ FileUnreadable          a file that cannot be read, or is empty
├─ NoImages                a folder that does not exist or has no images
├─ SameResultFile          two images with the same result file
└─ GoldenUnfit             an image that cannot be a model's golden image

Their code is the API's code for a request without a usable image: scripts used it before this tree existed.
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
