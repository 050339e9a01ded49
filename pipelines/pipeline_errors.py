"""The branches of the pipelines in the error tree (root: models/model_errors.py).

ClassifyError
├─ PipelineError            a pipeline text, or one of its elements, that cannot be run
├─ StatisticsMissing        a folder without performance statistics
└─ ResultsInvalid           result files, or a file of labels, that cannot be used
"""

from models.model_errors import ClassifyError
from pipelines.codes import Code


class PipelineError(ClassifyError):
    """A pipeline that cannot be run; `vendor_code` is what the vendor's engine answers to it.

    Correct the element and the property that the message names.
    """

    code = "pipeline_invalid"

    def __init__(self, vendor_code: Code, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.vendor_code = vendor_code


class StatisticsMissing(ClassifyError):
    """A folder without performance statistics.

    Serve with an sdk.conf that has enable_ps=true, and name the folder of its logs.
    """

    code = "statistics_missing"


class ResultsInvalid(ClassifyError):
    """A folder of result files, or a file of labels, that cannot be used.

    Correct the line or the file that the message names.
    """

    code = "results_invalid"
