"""The notices about connections (CC-21…CC-23)."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.events import AccountEventKind
from accounts.models import Organization, ProgramFeature
from accounts.notices.requests import ADMINS, ALL_BUT_VENDOR
from connections.consent import combine_scopes, format_scope_names
from connections.events import ConnectionEventKind
from connections.models import Connection
from connections.queries import list_portfolio_viewers
from notifications.actions.inbox import share_recent_notices
from notifications.registry import NoticeKind, NoticeRecipient, register_event_handler, register_notice_kind
from partnerportal.lib.errors import Message
from partnerportal.lib.scopes import Scope, find_scope_by_code

if TYPE_CHECKING:
    from notifications.models import Event, Notice


def _connections_of(events: "Sequence[Event]") -> "list[tuple[Event, Connection]]":
    """Return each event with the connection it is about, in one query."""
    rows = Connection.objects.filter(public_id__in=[e.subject_id for e in events]).select_related("customer")
    by_id: dict[UUID | None, Connection] = {row.public_id: row for row in rows}
    return [(event, by_id[event.subject_id]) for event in events]


def _number(codes: Iterable[str]) -> int:
    """Return the scopes with these codes as a number, as notices keep them."""
    return int(combine_scopes(find_scope_by_code(code) for code in codes))


class CustomerNewsNotice(NoticeKind):
    """Base class of notices about a customer that go to the customer and to everyone who sees it (CC-54).

    They appear in the inbox only. The notice is linked to the customer (`about`), so that it disappears for a partner
    when the connection ends. The event's data needs the keys `customer`, the customer's public id, and `customer_name`.
    """

    audience = ALL_BUT_VENDOR
    feature = ProgramFeature.CUSTOMER_DASHBOARD.value
    own_url_name: ClassVar[str]  # the page that the notice leads the customer to
    customer_url_name: ClassVar[str]  # the page of the customer that it leads everyone else to

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        viewers: dict[Any, list[Any]] = {event.customer_id: [event.customer_id] for event in events}
        shared: set[Any] = {event.customer_id for event in events if event.scopes}
        views = list_portfolio_viewers(shared).filter_connected_customers()
        for viewer_id, customer_id in views.values_list("viewer_id", "subject_id"):
            viewers[customer_id].append(viewer_id)
        for event in events:
            for viewer_id in viewers[event.customer_id]:
                told = NoticeRecipient(
                    organization_id=viewer_id,
                    about_id=event.customer_id,
                    about_public_id=event.data["customer"],
                    about_label=event.data["customer_name"],
                    scopes=event.scopes or Scope.ACCOUNT,
                    params=event.data,
                )
                yield event, told

    def get_link_path(self, notice: "Notice") -> str:
        if notice.about_id == notice.recipient_id:
            return reverse(self.own_url_name)
        return reverse(self.customer_url_name, args=[notice.about_public_id])


class ConnectionNotice(NoticeKind):
    """The base of notices that tell the Admins of one side of a connection what became of it."""

    email_roles = ADMINS
    audience = ALL_BUT_VENDOR


class CustomerDecisionNotice(ConnectionNotice):
    """The base of notices that tell a partner what a customer decided about their connection.

    The partner's distributor sees the same data, but gets no notice, because the partner is the one to act.
    """

    feature = ProgramFeature.CUSTOMER_DASHBOARD.value
    words: ClassVar[Message]  # of the subject, with %(customer)s

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event, connection in _connections_of(events):
            recipient = NoticeRecipient(
                organization_id=connection.partner_id,
                about_id=connection.customer_id,
                about_public_id=connection.customer.public_id,
                about_label=connection.customer_name,
                params=self.collect_notice_params(event),
            )
            yield event, recipient

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        """Return what the body needs to know of the event, as the notice keeps it in `params`."""
        raise NotImplementedError

    def get_subject(self, notice: "Notice") -> str:
        return str(self.words) % {"customer": notice.about_label}

    def get_link_path(self, notice: "Notice") -> str:
        return reverse("customer", args=[notice.about_public_id])

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open customer")


@register_notice_kind
class CustomerConnectedNotice(CustomerDecisionNotice):
    """The notice that tells a partner that a customer has connected (CC-21)."""

    code = "customer_connected"
    event = ConnectionEventKind.ESTABLISHED
    label = gettext_lazy("Customer connected")
    icon = "link"
    words = gettext_lazy("%(customer)s is now connected to you")

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        return {"shared": _number(event.data["scopes"])}

    def get_body(self, notice: "Notice") -> str:
        return _("The customer shares: %(names)s.") % {"names": format_scope_names(notice.params["shared"])}


@register_notice_kind
class SharingChangedNotice(CustomerDecisionNotice):
    """The notice that tells a partner that a customer has changed what it shares (E-14)."""

    code = "sharing_changed"
    event = ConnectionEventKind.SHARING_CHANGED
    label = gettext_lazy("Sharing changed by the customer")
    icon = "eye"
    words = gettext_lazy("%(customer)s changed what it shares with you")

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        before, after = map(_number, event.changes["scopes"])
        return {"added": after & ~before, "removed": before & ~after}

    def get_body(self, notice: "Notice") -> str:
        texts = (("added", _("Now shared: %(names)s.")), ("removed", _("No longer shared: %(names)s.")))
        changed = ((text, format_scope_names(notice.params[key])) for key, text in texts)
        return " ".join(text % {"names": names} for text, names in changed if names)


class ConnectionEndedNotice(ConnectionNotice):
    """The base of notices that tell one side that the other has ended their connection.

    Such a notice is not linked to the customer (`about`), because then the partner could not read it after the end.
    """

    event = ConnectionEventKind.ENDED
    icon = "unlink"
    ended_by_partner: ClassVar[bool]  # which side must have ended the connection for this kind of notice

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event, connection in _connections_of(events):
            if (connection.ended_by_id == connection.partner_id) is not self.ended_by_partner:
                continue
            if self.ended_by_partner:
                told, other_side = connection.customer_id, connection.partner_name
            else:
                told, other_side = connection.partner_id, connection.customer_name
            yield event, NoticeRecipient(organization_id=told, params={"name": other_side})

    def get_subject(self, notice: "Notice") -> str:
        return _("%(name)s ended the connection") % notice.params


@register_notice_kind
class ConnectionEndedByCustomerNotice(ConnectionEndedNotice):
    """The notice that tells a partner that a customer has ended the connection (CC-22)."""

    code = "customer_ended"
    label = gettext_lazy("Connection ended by the customer")
    ended_by_partner = False

    def get_body(self, notice: "Notice") -> str:
        return _(
            "You can no longer see this customer’s data. The customer can connect again through your invitation link."
        )


@register_notice_kind
class ConnectionEndedByPartnerNotice(ConnectionEndedNotice):
    """The notice that tells a customer that a partner has ended the connection (CC-23)."""

    code = "partner_ended"
    label = gettext_lazy("Connection ended by the partner")
    ended_by_partner = True

    def get_body(self, notice: "Notice") -> str:
        return _("This partner can no longer see your data.")

    def get_link_path(self, notice: "Notice") -> str:
        return reverse("account_details")

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open account details")


@register_notice_kind
class PartnerMovedNotice(ConnectionNotice):
    """The notice that tells a partner's customers that the partner's distributor has changed (E-14).

    The new distributor sees what the customers share with the partner, and the former one no longer does.
    """

    code = "partner_moved"
    event = AccountEventKind.PARTNER_MOVED
    label = gettext_lazy("Partner moved to another distributor")
    icon = "building-2"

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        moves = [(event, *event.changes["parent"]) for event in events]
        org_ids = {org_id for _event, *sides in moves for org_id in sides if org_id}
        names = dict(Organization.objects.filter(org_id__in=org_ids).values_list("org_id", "name"))
        partners = {event.counterpart_id for event in events}
        connected: dict[int | None, list[Connection]] = {partner_id: [] for partner_id in partners}
        for connection in Connection.objects.active().filter(partner__in=partners).order_by("pk"):
            connected[connection.partner_id].append(connection)
        for event, before, after in moves:
            for connection in connected[event.counterpart_id]:
                params = {
                    "partner": connection.partner_name,
                    "before": names.get(before, ""),
                    "after": names.get(after, ""),
                    "connection": str(connection.public_id),
                }
                yield event, NoticeRecipient(organization_id=connection.customer_id, params=params)

    def get_subject(self, notice: "Notice") -> str:
        if notice.params["after"]:
            return _("%(partner)s now works with the distributor %(after)s") % notice.params
        return _("%(partner)s no longer works with the distributor %(before)s") % notice.params

    def get_body(self, notice: "Notice") -> str:
        texts = (
            ("after", _("%(after)s can also see what you share with %(partner)s.")),
            ("before", _("%(before)s can no longer see what you share with this partner.")),
        )
        return " ".join(text % notice.params for key, text in texts if notice.params[key])

    def get_link_path(self, notice: "Notice") -> str:
        return reverse("connection_sharing", args=[notice.params["connection"]])

    def get_link_label(self, notice: "Notice") -> str:
        return _("See what is shared")


@register_event_handler(ConnectionEventKind.ESTABLISHED)
def share_recent_notices_with_new_viewers(events: "Sequence[Event]") -> None:
    """Copy a newly connected customer's recent notices into the inboxes of the partner and its distributor (CC-54).

    `events` are the events of connections that were established.
    """
    customers = {connection.customer_id for _, connection in _connections_of(events)}
    share_recent_notices(viewer_customer_pairs=list_portfolio_viewers(customers).values_list("viewer_id", "subject_id"))
