"""What a plant leaves in the process of its test: nothing that another test would meet."""

from pathlib import Path

from partnerportal.celery import app as celery_app
from tests.faults.plant import Plant


def test_a_killed_redis_breaks_no_other_broker(tmp_path: Path) -> None:
    celery_app.control.purge()  # opens the pool of the application's own broker
    plant = Plant({}, tmp_path)
    try:
        plant.sweep()
        plant.kill_redis()
        plant.start_redis()
        plant.sweep()
        celery_app.control.purge()
    finally:
        plant.stop()
