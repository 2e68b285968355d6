from notifications.actions.inbox import dismiss, mark_all_read, mark_read, restore, share_recent_news
from notifications.actions.outbox import fan_out_due, send_due_emails
from notifications.actions.recording import record

__all__ = [
    "dismiss",
    "fan_out_due",
    "mark_all_read",
    "mark_read",
    "record",
    "restore",
    "send_due_emails",
    "share_recent_news",
]
