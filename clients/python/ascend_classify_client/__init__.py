"""Client of ascend-classify: `Client` for ordinary programs, `AsyncClient` for those that run on asyncio."""

from ascend_classify_client.answers import Answer, Evaluation, ImageError, Prediction, PredictionSet
from ascend_classify_client.async_client import AsyncClient
from ascend_classify_client.client_errors import AnswerInvalid, ClientError, EvaluationFailed, Refused, SetInvalid, Unreachable
from ascend_classify_client.parity import Difference, Parity, compare
from ascend_classify_client.retries import Retries
from ascend_classify_client.sync_client import Client

__all__ = [
    "Answer",
    "AnswerInvalid",
    "AsyncClient",
    "Client",
    "ClientError",
    "Difference",
    "Evaluation",
    "EvaluationFailed",
    "ImageError",
    "Parity",
    "Prediction",
    "PredictionSet",
    "Refused",
    "Retries",
    "SetInvalid",
    "Unreachable",
    "compare",
]
