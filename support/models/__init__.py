from support.models.request import Request, RequestMessage, RequestRevision, Severity

__all__ = ["Request", "RequestMessage", "RequestRevision", "Severity"]
