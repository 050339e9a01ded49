"""The errors of parity, a branch of the tree in models/model_errors.py.

ParityError                two ways to run a model that cannot be compared, or do not agree
├─ SourceInvalid           an invalid side: not an address, not a file, or not for that runtime
├─ RemoteUnavailable       the server of a side does not answer
├─ RemoteFull              the server of a side stayed full
├─ RemoteFailed            the server of a side refuses, or gives an answer that cannot be compared
└─ ParityBroken            two ways to run a model do not agree

Except for the last, the codes are those of server/errors.py for the same fault in this process: a report names it the same way.
"""

from models.model_errors import ClassifyError


class ParityError(ClassifyError):
    """Two ways to run a model that cannot be compared, or do not agree."""


class SourceInvalid(ParityError):
    """A side that cannot be: no address of a server, no such file, or not for that runtime.

    Correct the side: MODEL, MODEL@cpu, MODEL@ascend, MODEL:original, a folder, X.onnx, X.om or a URL.
    """

    code = "bad_request"


class RemoteUnavailable(ParityError):
    """The server that is a side does not answer.

    Start that server, or correct its URL.
    """

    code = "engine_unavailable"


class RemoteFull(ParityError):
    """The server that is a side was full until the end.

    Try again when that server has less to do.
    """

    code = "saturated"


class RemoteFailed(ParityError):
    """The server that is a side refuses, or answers what cannot be compared.

    Read what that server said; its log has more under the request id.
    """

    code = "engine_failed"


class ParityBroken(ParityError):
    """Two ways to run a model do not agree within the bounds.

    Look at the images with the largest differences in the report. Another bound (--min-top1, --max-difference) is your decision.
    """

    code = "parity_broken"
