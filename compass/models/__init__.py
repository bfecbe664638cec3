"""Vision-language models: what a call is, how a server is asked, what it costs, and the recording of every call."""

from compass.models.base import Call, Failure, FaultKind, Model, Picture, Reply, Turn

__all__ = ["Call", "Failure", "FaultKind", "Model", "Picture", "Reply", "Turn"]
