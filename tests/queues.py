"""The queues of the installation, for tests that start workers or send what beat sends."""

from celery import Celery

from partnerportal.celery import app

EVERY_QUEUE = ",".join(["celery", *sorted({route["queue"] for route in app.conf.task_routes.values()})])


def new_beat(broker_url: str) -> Celery:
    """An application that sends each task to its queue, and is nobody's current one."""
    beat = Celery(broker=broker_url, set_as_current=False)
    beat.conf.task_routes = app.conf.task_routes
    return beat
