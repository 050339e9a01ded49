"""The base of what the protocol answers as JSON, and in gRPC as messages with the same fields."""

from pydantic import BaseModel, ConfigDict


class ProtocolReply(BaseModel):
    """Names such as `model_stats` are the protocol's; pydantic would keep them for itself."""

    model_config = ConfigDict(protected_namespaces=())
