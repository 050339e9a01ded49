"""The errors of evaluation, a branch of the tree in models/model_errors.py.

EvaluationError            an evaluation that cannot be made, stored or shown
├─ DatasetInvalid          a data set, or labels, that do not give a list of labelled images
├─ DatasetNotFound         the root does not exist, or nothing with that name in it
├─ DatasetForbidden        a path outside its root
├─ ArchiveTooLarge         an archive with more content than the limit
├─ EvaluationsFull         the limit of waiting evaluations is reached
├─ EvaluationNotFound      no evaluation has that id
├─ NotFinished             the evaluation has no report yet
├─ EvaluationLost          an evaluation cannot be stored: its disk is full, or its files are damaged
├─ PageUnavailable         the page cannot be drawn here
└─ RunError                errors of running and comparing evaluations; never the answer to a request
   ├─ CalibrationRefused   a run that a model cannot be calibrated on
   ├─ RunInvalid           a run that cannot be continued, shown or compared
   │  └─ RunBusy           a run that another process goes on with
   └─ ServerRefused        the server of --url refused, or cannot be reached

Some codes are also in server/errors.py: clients and scripts used them before this tree existed. Codes are stable, classes are not.
"""

from models.model_errors import ClassifyError


class EvaluationError(ClassifyError):
    """An evaluation that cannot be made, stored or shown."""


class DatasetInvalid(EvaluationError):
    """The data set or its labels are such that no list of labelled images can be made.

    Correct the list of labels or the folder as the message says. Labels are never shifted or guessed.
    """

    code = "bad_request"


class DatasetNotFound(EvaluationError):
    """There is no such root, or nothing of that name below it.

    Name a root of EVALUATION_ROOTS, or a folder below one.
    """

    code = "not_found"


class DatasetForbidden(EvaluationError):
    """The path leads out of its root.

    Take the link or the path out of the set, or make the folder it leads to a root of its own.
    """

    code = "forbidden"


class ArchiveTooLarge(EvaluationError):
    """The archive holds more bytes or files than are unpacked here.

    Send fewer or smaller files, raise MAX_UPLOAD_BYTES, or put the set into a folder of EVALUATION_ROOTS.
    """

    code = "body_too_large"


class EvaluationsFull(EvaluationError):
    """As many evaluations are waiting as this server keeps; the client may try again later.

    Wait until one is over, or cancel one: one runs and 16 wait, and who has one waiting leaves the last 4 places to other clients.
    """

    code = "saturated"


class EvaluationNotFound(EvaluationError):
    """No evaluation has that id.

    Correct the id: GET /evaluate lists the evaluations.
    """

    code = "not_found"


class NotFinished(EvaluationError):
    """The evaluation has no report yet.

    Wait until its state is finished, or resume it.
    """

    code = "not_finished"


class EvaluationLost(EvaluationError):
    """An evaluation cannot be kept: its disk is full, or its files are damaged.

    Make room on the disk, or give this server an EVALUATION_DIR of its own; then resume.
    """

    code = "evaluation_lost"


class PageUnavailable(EvaluationError):
    """No page can be drawn: the library that draws is not installed.

    Install the extra `report` (matplotlib), or ask for JSON.
    """

    code = "not_found"


class RunError(EvaluationError):
    """An error of running and comparing evaluations. The worker records it, or the command line shows it."""


class RunInvalid(RunError):
    """A run that cannot go on where it was, be told, or be compared.

    Start a new run, or restore what the message says has changed: model, labels, list, versions or machine.
    """

    code = "bad_request"


class RunBusy(RunInvalid):
    """A run that another process goes on with.

    Wait for its end, or end that process; then resume it.
    """


class CalibrationRefused(RunError):
    """A finished run on which the model cannot be calibrated: too few images, no kept scores, or of another model.

    Evaluate as the message says, with --scores, and calibrate on that run.
    """

    code = "calibration_refused"


class ServerRefused(RunError):
    """The server of --url refused, or cannot be reached.

    Do what the server said; or correct --url and see that the server runs.
    """

    code = "server_refused"
