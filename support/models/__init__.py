from support.models.file import RequestFile
from support.models.request import Request, RequestMessage, RequestRevision, Severity

__all__ = ["Request", "RequestFile", "RequestMessage", "RequestRevision", "Severity"]
