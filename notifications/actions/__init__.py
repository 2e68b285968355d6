from notifications.actions.inbox import dismiss, mark_all_read, mark_read, restore, share_recent_news
from notifications.actions.outbox import fan_out_due, send_due_emails, send_due_summaries
from notifications.actions.preferences import choose_notices
from notifications.actions.recording import new_event, record, record_many
from notifications.actions.secret_mails import forget_secret_mails, queue_secret_mail, send_secret_mails
from notifications.actions.sweeping import sweep_deliveries, sweep_notices

__all__ = [
    "choose_notices",
    "dismiss",
    "fan_out_due",
    "forget_secret_mails",
    "mark_all_read",
    "mark_read",
    "new_event",
    "queue_secret_mail",
    "record",
    "record_many",
    "restore",
    "send_due_emails",
    "send_due_summaries",
    "send_secret_mails",
    "share_recent_news",
    "sweep_deliveries",
    "sweep_notices",
]
