"""What a worker does with the broker's answer to an acknowledgement."""

from celery import Task
from celery.utils.log import get_logger
from celery.worker.request import Request

log = get_logger(__name__)


class AcknowledgedRequest(Request):
    """A task whose acknowledgement fails loudly.

    Celery logs one that times out and goes on with a message that it still counts as in hand: with one process it never
    takes another, and answers every ping. Raised, the error makes the worker connect anew, and the message comes again.
    """

    def acknowledge(self) -> None:
        if not self.acknowledged:
            self._on_ack(log, ())  # type: ignore[attr-defined]
            self.acknowledged = True


class PortalTask(Task):
    """Every task of the portal."""

    Request = "partnerportal.worker_requests:AcknowledgedRequest"
