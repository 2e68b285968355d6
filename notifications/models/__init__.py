from notifications.models.delivery import Delivery, DeliveryChannel
from notifications.models.event import Event
from notifications.models.notice import InboxMark, Notice, NoticeRead
from notifications.models.preference import MailMode, NoticeDeliveryChoice, NoticePreference
from notifications.models.seal import EventSeal, UnsealedEvent
from notifications.models.secret_mail import SecretMail

__all__ = [
    "Delivery",
    "DeliveryChannel",
    "Event",
    "EventSeal",
    "InboxMark",
    "MailMode",
    "Notice",
    "NoticeDeliveryChoice",
    "NoticePreference",
    "NoticeRead",
    "SecretMail",
    "UnsealedEvent",
]
