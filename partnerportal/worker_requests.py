"""Tasks that notice when the broker does not take their acknowledgement."""

from celery import Task
from celery.utils.log import get_logger
from celery.worker.request import Request

log = get_logger(__name__)


class CheckedAckRequest(Request):
    """A Celery request (a task's message) that raises an error when it cannot be acknowledged.

    Celery itself would log an acknowledgement that times out, and go on as if the message were still in hand: a worker
    with one process would then take no other message, though it answers every ping. The raised error makes the worker
    connect anew, and the message is delivered again.
    """

    def acknowledge(self) -> None:
        """Acknowledge the message, at most once. Raises the error of the broker's connection if that fails."""
        if not self.acknowledged:
            self._on_ack(log, ())  # type: ignore[attr-defined]
            self.acknowledged = True


class PortalTask(Task):
    """The base class of every Celery task of the portal, whose messages are CheckedAckRequest objects."""

    Request = "partnerportal.worker_requests:CheckedAckRequest"
