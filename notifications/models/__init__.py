from notifications.models.delivery import Channel, Delivery
from notifications.models.event import Event
from notifications.models.notice import InboxMark, Notice, NoticeRead
from notifications.models.preference import Mail, NoticeChoice, NoticePreference
from notifications.models.secret_mail import SecretMail

__all__ = [
    "Channel",
    "Delivery",
    "Event",
    "InboxMark",
    "Mail",
    "Notice",
    "NoticeChoice",
    "NoticePreference",
    "NoticeRead",
    "SecretMail",
]
