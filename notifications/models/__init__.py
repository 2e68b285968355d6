from notifications.models.delivery import Channel, Delivery
from notifications.models.event import Event
from notifications.models.notice import InboxMark, Notice, NoticeRead

__all__ = ["Channel", "Delivery", "Event", "InboxMark", "Notice", "NoticeRead"]
