"""Event kinds are unique, notices follow real ones, and periodic work exists."""

import importlib

from django.conf import settings

from notifications.timeline import list_described_event_kinds
from partnerportal.celery import app as celery_app
from tests.house.ours import APPS

KINDS = [
    member
    for app in APPS
    if (settings.BASE_DIR / app / "events.py").exists()
    for enum in vars(importlib.import_module(f"{app}.events")).values()
    if isinstance(enum, type) and enum.__module__ == f"{app}.events"
    for member in enum
]


def test_event_kinds_are_unique():
    assert len(KINDS) > 5
    assert len(KINDS) == len(set(KINDS))


def test_notices_follow_known_events():
    from notifications import registry

    assert len(registry.get_notice_kinds()) > 5
    assert {str(kind.event) for kind in registry.get_notice_kinds().values()} <= {str(kind) for kind in KINDS}


def test_scheduled_tasks_exist():
    celery_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in celery_app.conf.beat_schedule.values()}
    assert scheduled
    assert scheduled <= set(celery_app.tasks)


def test_every_kind_of_event_has_words_in_the_activity_log():
    """Registered with `notifications.timeline.register_activity_descriptions` by the app of the kind."""
    described = set(list_described_event_kinds())
    assert {str(kind) for kind in KINDS} - described == set()
    assert described - {str(kind) for kind in KINDS} == set(), "no app records such events any more"
