"""The Celery app, its queues, and the one list of periodic work."""

import os

from celery import Celery
from celery.schedules import crontab

from partnerportal import task_log  # noqa: F401 - importing it connects it to the signals of workers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings.dev")
os.environ.setdefault("PORTAL_PROCESS", "job")

app = Celery("partnerportal", task_cls="partnerportal.worker_requests:PortalTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Work that may take long, or may have to wait for something outside, has a queue and a worker process of its own
# (Procfile), so that one kind never delays another. Everything else is short, and shares the queue named celery.
app.conf.task_routes = {
    "accounts.tasks.check_domains": {"queue": "domains"},
    "entitlements.tasks.ingest_uploads": {"queue": "ingest"},
    "exports.tasks.make_exports": {"queue": "exports"},
    "imports.tasks.run_imports": {"queue": "imports"},
    "notifications.tasks.send_emails": {"queue": "mails"},
}
# Frequent jobs have an interval in seconds, rarer ones a time of day in UTC. A beat counts intervals from its own
# start: if it is restarted with each release or more often, an interval of an hour or a day might never end.
app.conf.beat_schedule = {
    # The sweeps find what a lost wake-up or a dead worker left behind. Two beats at once do no harm: each row
    # is leased or locked by one worker.
    "notices-each-minute": {"task": "notifications.tasks.write_notices", "schedule": 60.0, "options": {"expires": 55}},
    # So that an event can be changed unnoticed for a few seconds alone, however busy the portal is.
    "seals": {"task": "notifications.tasks.seal_events", "schedule": 2.0, "options": {"expires": 10}},
    "checkpoints": {
        "task": "notifications.tasks.write_event_checkpoint",
        "schedule": crontab(minute="17"),
        "options": {"expires": 3000},
    },
    "mail-sweep": {"task": "notifications.tasks.send_emails", "schedule": 60.0, "options": {"expires": 55}},
    "listings-after-midnight": {
        "task": "entitlements.tasks.refresh_expired_listings",
        "schedule": crontab(minute="1"),
        "options": {"expires": 3000},
    },
    # Trials and renewals are looked at soon after midnight, and then hourly: the same news is never told a second time.
    "trials": {
        "task": "entitlements.tasks.expire_trials",
        "schedule": crontab(minute="3"),
        "options": {"expires": 3000},
    },
    "renewals": {
        "task": "entitlements.tasks.announce_renewals",
        "schedule": crontab(minute="5"),
        "options": {"expires": 3000},
    },
    "vacancies": {
        "task": "accounts.tasks.mark_admin_vacancies",
        "schedule": crontab(minute="7"),
        "options": {"expires": 3000},
    },
    "channel-growth": {
        "task": "entitlements.tasks.write_channel_growth",
        "schedule": crontab(hour="3", minute="25"),  # likewise
        "options": {"expires": 6 * 3600},
    },
    "activation-links": {
        "task": "entitlements.tasks.remind_of_activation_links",
        "schedule": crontab(minute="17"),
        "options": {"expires": 3000},
    },
    "activation-links-sweep": {
        "task": "entitlements.tasks.delete_old_activation_links",
        "schedule": crontab(hour="4", minute="35"),
        "options": {"expires": 6 * 3600},
    },
    "anomalies": {
        "task": "entitlements.tasks.detect_usage_anomalies",
        "schedule": crontab(hour="3", minute="10"),  # by then the feeds of the night are in
        "options": {"expires": 6 * 3600},
    },
    "products": {
        "task": "marketplace.tasks.count_products",
        "schedule": crontab(hour="3", minute="40"),  # likewise
        "options": {"expires": 6 * 3600},
    },
    "ingest-sweep": {"task": "entitlements.tasks.ingest_uploads", "schedule": 60.0, "options": {"expires": 55}},
    "upload-files": {"task": "entitlements.tasks.delete_old_uploads", "schedule": 600.0, "options": {"expires": 590}},
    "figures": {
        "task": "entitlements.tasks.merge_portfolio_figure_changes",
        "schedule": 300.0,
        "options": {"expires": 290},
    },
    "exports": {"task": "exports.tasks.make_exports", "schedule": 60.0, "options": {"expires": 55}},
    "exports-sweep": {"task": "exports.tasks.delete_old_exports", "schedule": 60.0, "options": {"expires": 55}},
    "imports": {"task": "imports.tasks.run_imports", "schedule": 60.0, "options": {"expires": 55}},
    "imports-sweep": {"task": "imports.tasks.delete_old_imports", "schedule": 600.0, "options": {"expires": 590}},
    "offer-files-sweep": {
        "task": "marketplace.tasks.delete_orphaned_offer_files",
        "schedule": crontab(hour="4", minute="50"),
        "options": {"expires": 6 * 3600},
    },
    "request-files-sweep": {
        "task": "support.tasks.delete_orphaned_request_files",
        "schedule": crontab(hour="4", minute="55"),
        "options": {"expires": 6 * 3600},
    },
    "sessions": {
        "task": "accounts.tasks.delete_ended_sessions",
        "schedule": crontab(hour="4", minute="20"),
        "options": {"expires": 6 * 3600},
    },
    "domains": {"task": "accounts.tasks.check_domains", "schedule": 60.0, "options": {"expires": 55}},
    "domains-sweep": {
        "task": "accounts.tasks.delete_unproved_domains",
        "schedule": crontab(hour="4", minute="35"),
        "options": {"expires": 6 * 3600},
    },
    "join-requests-sweep": {
        "task": "accounts.tasks.delete_old_join_requests",
        "schedule": crontab(hour="4", minute="35"),
        "options": {"expires": 6 * 3600},
    },
    "guessing": {"task": "accounts.tasks.send_failed_sign_in_warnings", "schedule": 60.0, "options": {"expires": 55}},
    "unverified": {
        "task": "accounts.tasks.delete_unverified_accounts",
        "schedule": crontab(hour="4", minute="30"),
        "options": {"expires": 6 * 3600},
    },
    "invitation-reminders": {
        "task": "accounts.tasks.send_invitation_reminders",
        "schedule": crontab(minute="25"),
        "options": {"expires": 3000},
    },
    "invitations-sweep": {
        "task": "accounts.tasks.delete_old_invitations",
        "schedule": crontab(hour="4", minute="35"),
        "options": {"expires": 6 * 3600},
    },
    "idempotency-sweep": {
        "task": "accounts.tasks.delete_old_idempotent_requests",
        "schedule": 600.0,
        "options": {"expires": 590},
    },
    "notices-sweep": {
        "task": "notifications.tasks.delete_old_notifications",
        "schedule": crontab(hour="4", minute="40"),
        "options": {"expires": 6 * 3600},
    },
    "facts-sweep": {
        "task": "entitlements.tasks.delete_old_alerts_and_anomalies",
        "schedule": crontab(hour="4", minute="50"),
        "options": {"expires": 6 * 3600},
    },
}
