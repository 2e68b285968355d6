"""Files of requests: what whoever asks attaches to the details, and what either side sends with a message."""

from django.db import models

from partnerportal.lib.attached_files import AttachedFile
from support.models.request import Request, RequestMessage, RequestPartQuerySet


class RequestFile(AttachedFile):
    """A document or picture of a request. Without a message, it belongs to the details of the request."""

    request = models.ForeignKey(Request, models.CASCADE, related_name="files")
    message = models.ForeignKey(RequestMessage, models.CASCADE, null=True, related_name="files")

    objects = RequestPartQuerySet.as_manager()
