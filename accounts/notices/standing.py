"""What organisations are told when vendor staff change what they are to the vendor.

No text names a person. `AccountsConfig` imports this module, which registers the kinds.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.events import AccountEventKind
from accounts.models import OrganizationKind
from accounts.notices.requests import ADMINS, ALL_BUT_VENDOR
from accounts.queries.organizations import find_organizations_by_org_id
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind
from partnerportal.lib.errors import Message
from partnerportal.lib.formats import format_date, join_names
from partnerportal.lib.known_pages import page_url

if TYPE_CHECKING:
    from notifications.models import Event, Notice

FIELDS: dict[str, Message] = {  # of an organisation's identity, as a text lists them
    "name": gettext_lazy("name"),
    "country": gettext_lazy("country"),
    "tenant_id": gettext_lazy("tenant ID"),
    "partner_id": gettext_lazy("partner ID"),
}


class StandingNotice(NoticeKind):
    """The base of notices that tell an organisation what vendor staff have changed of it.

    The recipient is the event's counterpart.
    """

    audience = ALL_BUT_VENDOR
    email_roles = ADMINS
    icon = "building"
    words: ClassVar[Message]  # of the subject

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        for event in events:
            if event.counterpart_id:
                params = self.collect_notice_params(event)
                yield event, NoticeRecipient(organization_id=event.counterpart_id, note=event.note, params=params)

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        """Return what the text needs to know of the event, as the notice keeps it in `params`."""
        return {"name": event.counterpart_label}

    def get_subject(self, notice: "Notice") -> str:
        return str(self.words) % notice.params

    def get_link_path(self, notice: "Notice") -> str:
        return page_url("account")

    def get_link_label(self, notice: "Notice") -> str:
        return _("Open account details")


@register_notice_kind
class OrganizationSuspendedNotice(StandingNotice):
    """The notice that tells everybody who acts for an organisation that it is suspended, and why (E-1)."""

    code = "organization_suspended"
    event = AccountEventKind.SUSPENDED
    label = gettext_lazy("Organisation suspended")
    icon = "lock"
    is_always_mailed = True
    words = gettext_lazy("%(name)s has been suspended")

    def get_body(self, notice: "Notice") -> str:
        text = _(
            "Until the vendor lifts the suspension, nobody can act for this organisation, and its operators can’t see "
            "its data. Its connections, services and data are kept. Your other organisations are not affected."
        )
        return "\n\n".join((_("Reason: %(reason)s") % {"reason": notice.note}, text))

    def get_link_path(self, notice: "Notice") -> str:
        return "/"

    def get_link_label(self, notice: "Notice") -> str:
        return _("See whom to contact")


@register_notice_kind
class OrganizationReactivatedNotice(StandingNotice):
    """The notice that tells everybody who acts for an organisation that it is no longer suspended."""

    code = "organization_reactivated"
    event = AccountEventKind.REACTIVATED
    label = gettext_lazy("Suspension lifted")
    icon = "check"
    is_always_mailed = True
    words = gettext_lazy("%(name)s is no longer suspended")

    def get_body(self, notice: "Notice") -> str:
        return _("Everything works as it did before.")


@register_notice_kind
class IdentityCorrectedNotice(StandingNotice):
    """The notice that tells an organisation's Admins that vendor staff have corrected who it is."""

    code = "identity_corrected"
    event = AccountEventKind.IDENTITY_CORRECTED
    label = gettext_lazy("Verified details corrected by the vendor")
    words = gettext_lazy("The vendor has corrected your organisation’s verified details")

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        return {"fields": [name for name in FIELDS if name in event.changes]}

    def get_body(self, notice: "Notice") -> str:
        return _("Corrected: %(fields)s.") % {"fields": join_names(FIELDS[name] for name in notice.params["fields"])}


@register_notice_kind
class MembershipChangedNotice(StandingNotice):
    """The notice that tells an organisation's Admins of a new programme membership, or of another last day (CC-3)."""

    code = "membership_changed"
    event = AccountEventKind.MEMBERSHIP_CHANGED
    label = gettext_lazy("Programme membership changed")
    icon = "badge-check"

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        # A confirmation has a notice of its own, which says the same and more.
        return super().list_recipients([event for event in events if not event.data.get("is_confirmation")])

    def collect_notice_params(self, event: "Event") -> dict[str, Any]:
        return collect_membership_params(event)

    def get_subject(self, notice: "Notice") -> str:
        params = notice.params
        values = {"program": params["program"], "date": format_membership_day(params["ends_on"])}
        if params["is_new"]:
            return _("New membership: %(program)s") % values
        if params["ends_on"]:
            return _("Your %(program)s membership ends on %(date)s") % values
        return _("Your %(program)s membership no longer has an end date") % values

    def get_body(self, notice: "Notice") -> str:
        return describe_membership_dates(notice)


@register_notice_kind
class AccountManagerChangedNotice(StandingNotice):
    """The notice that tells an organisation that another account manager looks after it (CV-12). It names nobody."""

    code = "account_manager_changed"
    event = AccountEventKind.ACCOUNT_MANAGER_CHANGED
    label = gettext_lazy("Account manager changed")
    icon = "users"
    email_default = "digest"
    words = gettext_lazy("Your account manager has changed")

    def get_body(self, notice: "Notice") -> str:
        return _("Your account details show who your account manager is and how to contact them.")


@register_notice_kind
class QualificationsChangedNotice(StandingNotice):
    """The notice that tells a partner's Admins that the vendor has changed its competencies or skills (CA-12)."""

    code = "qualifications_changed"
    event = AccountEventKind.QUALIFICATIONS_CHANGED
    label = gettext_lazy("Competencies and skills changed")
    icon = "badge-check"
    email_default = "digest"
    words = gettext_lazy("The vendor has changed your competencies and skills")

    def get_body(self, notice: "Notice") -> str:
        return _("Publishers use your competencies and skills to find you when they choose who may resell an offer.")


@register_notice_kind
class PartnerMovedAboveNotice(NoticeKind):
    """The notice of a partner's move to the partner itself, and to the distributors that it leaves and comes to (E-14).

    Its customers are told by a notice of their own (`connections.notices`).
    """

    code = "partner_moved_above"
    event = AccountEventKind.PARTNER_MOVED
    label = gettext_lazy("Partner moved")
    icon = "building-2"
    audience = frozenset({OrganizationKind.DISTRIBUTOR.value, OrganizationKind.PARTNER.value})
    email_roles = ADMINS

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        sides = find_organizations_by_org_id(org_id for event in events for org_id in event.changes["parent"])
        for event in events:
            before, after = (sides.get(org_id or "") for org_id in event.changes["parent"])
            params = {
                "partner": event.counterpart_label,
                "before": before.name if before else "",
                "after": after.name if after else "",
            }
            told = (("partner", event.counterpart_id), ("before", before and before.pk), ("after", after and after.pk))
            for side, organization_id in told:
                if organization_id:
                    yield event, NoticeRecipient(organization_id=organization_id, params=params | {"side": side})

    def get_subject(self, notice: "Notice") -> str:
        params = notice.params
        if params["side"] == "before":
            return _("%(partner)s is no longer one of your partners") % params
        if params["side"] == "after":
            return _("%(partner)s is now one of your partners") % params
        if params["after"]:
            return _("Your organisation now works with the distributor %(after)s") % params
        return _("Your organisation now works directly with the vendor")

    def get_body(self, notice: "Notice") -> str:
        params = notice.params
        if params["side"] == "before":
            return _("You can no longer see this partner or its customers. The customers have been notified.")
        if params["side"] == "after":
            return _(
                "You can now see this partner and what the partner’s customers share with it. The customers "
                "have been notified."
            )
        texts = (
            ("after", _("%(after)s can now see your account details and what your customers share with you.")),
            (
                "before",
                pgettext("distributor", "%(before)s can no longer see your account details or your customers’ data."),
            ),
        )
        told = [text % params for side, text in texts if params[side]]
        return " ".join([*told, _("Your customers have been notified.")])


def collect_membership_params(event: "Event") -> dict[str, Any]:
    """Return what a notice needs to know of a change of a membership."""
    return {name: event.data.get(name) for name in ("program", "starts_on", "ends_on", "is_new")}


def describe_membership_dates(notice: "Notice") -> str:
    """Return from when until when the membership runs that a notice is about."""
    params = notice.params
    dates = {"first": format_membership_day(params["starts_on"]), "last": format_membership_day(params["ends_on"])}
    if params["ends_on"]:
        return (
            _(
                "The membership runs from %(first)s to %(last)s (UTC). The badge and its features will stay active "
                "until then."
            )
            % dates
        )
    return _("The membership runs from %(first)s (UTC), with no end date.") % dates


def format_membership_day(text: str | None) -> str:
    """Return a day that a notice keeps as an ISO date in the reader's words, "" for None."""
    return format_date(dt.date.fromisoformat(text)) if text else ""
