"""Actions on the domains of an organisation: add one, ask for a check, remove it; staff confirm one or no longer."""

import datetime as dt
import math
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.actions.locking import ensure_as_seen
from accounts.events import AccountEventKind
from accounts.facts import StandingAspect
from accounts.models import Organization, OrganizationDomain
from accounts.models.domain import RECORD_LABEL
from accounts.policies import CHECK_PAUSE, CHECKS_A_DAY, MOST_DOMAINS, ROLE_TABLE, AccountPermission
from accounts.work_addresses import is_consumer_mail_domain
from notifications.actions.recording import record_event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.domain_names import (
    LONGEST_DOMAIN_NAME,
    format_domain_name,
    is_public_suffix,
    parse_domain_name,
)
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.limits import count_use
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize
from partnerportal.lib.sweeping import delete_in_batches
from partnerportal.lib.waking import wake_worker

BAD_NAME = _("Enter a domain name, such as example.com. It is the part after the @ in an email address.")
FREE_MAIL = _("Anyone can get an address at %(domain)s, so no organisation can verify it as its own.")
PUBLIC_SUFFIX = _("Anyone can register a domain under %(domain)s. Use the organisation’s own domain.")
THERE_ALREADY = _("%(domain)s is already on the list.")
TOO_MANY = _("An organisation can have up to %(number)s domains. Remove one first.")
TOO_MANY_CHECKS = _("%(domain)s can be checked up to %(number)s times in 24 hours. Try again after %(time)s.")
HAS_LAPSED = _("%(domain)s was verified, but its record is gone. An Admin of the organisation has to verify it again.")
FIRST_CHECK_AFTER = dt.timedelta(days=1)  # if nobody asks for one; the database says the same (accounts 0008)
LONGEST_PROVABLE = LONGEST_DOMAIN_NAME - len(RECORD_LABEL) - 1  # characters: the record's name has to fit too
_wake_worker = partial(wake_worker, "accounts.tasks.check_domains")


@transaction.atomic
def add_domain(*, actor: Actor, organization: Organization, name: str) -> OrganizationDomain:
    """Add a domain that the actor's organisation wants to prove; return it, with the TXT record that proves it.

    Raises InvalidInput("malformed_domain"), InvalidInput("free_mail") for a consumer mail service,
    InvalidInput("public_suffix") for a name below which anybody can register others,
    Conflict("domain_exists"), Conflict("too_many_domains"), and NotFound for another organisation.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.MANAGE_DOMAINS)
    if not actor.is_system and organization.pk != actor.organization_id:
        raise NotFound("not_found", "")
    soon = timezone.now() + FIRST_CHECK_AFTER
    domain = OrganizationDomain(organization=organization, name=_read_domain_name(name), next_check_at=soon)
    _refuse_one_too_many(organization, domain.name)
    domain.save(force_insert=True)
    domain.refresh_from_db()  # the database has chosen the value of the record
    record_event(AccountEventKind.DOMAIN_ADDED, actor=actor, subject=domain, counterpart=_other(actor, organization))
    return domain


@transaction.atomic
def request_domain_check(*, actor: Actor, domain: OrganizationDomain) -> None:
    """Have a worker look for the domain's TXT record as soon as it can.

    Nothing happens if a check is waited for already. Raises NotFound for a domain that is gone, and TooManyAttempts
    within CHECK_PAUSE of the organisation's last request for this domain and beyond CHECKS_A_DAY of them in 24 hours.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.MANAGE_DOMAINS)
    row = _lock_domain(actor, domain)
    if not row.is_check_due:
        _refuse_one_check_too_many(row)
        row.next_check_at = timezone.now()
        row.save(update_fields=["next_check_at"])
    transaction.on_commit(_wake_worker)


@transaction.atomic
def remove_domain(*, actor: Actor, domain: OrganizationDomain) -> None:
    """Take a domain from the organisation's list. Who came in by it stays. Raises NotFound for one that is gone."""
    authorize(actor, ROLE_TABLE, AccountPermission.MANAGE_DOMAINS)
    row = _lock_domain(actor, domain)
    other = _other(actor, row.organization)
    record_event(AccountEventKind.DOMAIN_REMOVED, actor=actor, subject=row, counterpart=other)
    row.delete()


@transaction.atomic
def confirm_domain(
    *, actor: Actor, organization: Organization, name: str, seen: str | None = None
) -> OrganizationDomain:
    """Say, as vendor staff, that a domain is an organisation's, and return it (E-6). Its Admins are told.

    It counts for as long as the organisation has proved none. Raises InvalidInput as `add_domain`,
    Conflict("domain_lapsed") for one whose record is gone, and Conflict("changed_meanwhile") if other domains were
    confirmed than the person saw.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.CONFIRM_DOMAINS)
    name = _read_domain_name(name)
    acquire_lock(AdvisoryLock.DOMAINS, organization.pk)
    rows = OrganizationDomain.objects.visible_to(actor).of_organization(organization.pk)
    domain = rows.filter(name=name).first() or OrganizationDomain(organization=organization, name=name)
    if domain.state == OrganizationDomain.State.LAPSED:
        raise Conflict("domain_lapsed", str(HAS_LAPSED) % {"domain": format_domain_name(name)}, field="name")
    if domain.confirmed_at is None:
        ensure_as_seen(organization, StandingAspect.DOMAINS, seen)
        domain.confirmed_at = timezone.now()
        domain.save(**({"update_fields": ["confirmed_at"]} if domain.pk else {"force_insert": True}))
        domain.refresh_from_db()
        _record_by_staff(AccountEventKind.DOMAIN_CONFIRMED, actor, domain)
    return domain


@transaction.atomic
def withdraw_domain_confirmation(
    *, actor: Actor, organization: Organization, name: str, seen: str | None = None
) -> OrganizationDomain | None:
    """Say, as vendor staff, that a domain does not count as an organisation's any more. Its Admins are told.

    It counts again once the organisation proves it. Return the domain, or None for one that is not confirmed, with
    which nothing happens. Raises Conflict("changed_meanwhile") if other domains were confirmed than the person saw.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.CONFIRM_DOMAINS)
    acquire_lock(AdvisoryLock.DOMAINS, organization.pk)
    rows = OrganizationDomain.objects.visible_to(actor).of_organization(organization.pk)
    domain = rows.filter(name=_read_domain_name(name)).exclude(confirmed_at=None).first()
    if domain:
        ensure_as_seen(organization, StandingAspect.DOMAINS, seen)
        domain.confirmed_at = None
        domain.save(update_fields=["confirmed_at"])
        _record_by_staff(AccountEventKind.DOMAIN_CONFIRMATION_WITHDRAWN, actor, domain)
    return domain


def _record_by_staff(kind: AccountEventKind, actor: Actor, domain: OrganizationDomain) -> None:
    record_event(kind, actor=actor, subject=domain, counterpart=domain.organization, data={"domain": domain.name})


def delete_unproved_domains() -> int:
    """Delete domains that nobody has proved within PORTAL_DOMAIN_PROOFS_KEPT; return how many.

    Those that vendor staff have confirmed stay.
    """
    before = timezone.now() - settings.PORTAL_DOMAIN_PROOFS_KEPT
    unproved = OrganizationDomain.objects.filter(state=OrganizationDomain.State.OPEN, confirmed_at=None)
    return delete_in_batches(unproved.filter(created_at__lt=before))


def _read_domain_name(text: str) -> str:
    try:
        name = parse_domain_name(text)
    except ValueError:
        raise InvalidInput("malformed_domain", BAD_NAME, field="name") from None
    if len(name) > LONGEST_PROVABLE:
        raise InvalidInput("malformed_domain", BAD_NAME, field="name")
    if is_consumer_mail_domain(name):
        raise InvalidInput("free_mail", str(FREE_MAIL) % {"domain": format_domain_name(name)}, field="name")
    if is_public_suffix(name):
        raise InvalidInput("public_suffix", str(PUBLIC_SUFFIX) % {"domain": format_domain_name(name)}, field="name")
    return name


def _refuse_one_too_many(organization: Organization, name: str) -> None:
    acquire_lock(AdvisoryLock.DOMAINS, organization.pk)
    names = set(OrganizationDomain.objects.of_organization(organization.pk).values_list("name", flat=True))
    if name in names:
        raise Conflict("domain_exists", str(THERE_ALREADY) % {"domain": format_domain_name(name)}, field="name")
    if len(names) >= MOST_DOMAINS:
        raise Conflict("too_many_domains", str(TOO_MANY) % {"number": MOST_DOMAINS}, field="name")


def _refuse_one_check_too_many(row: OrganizationDomain) -> None:
    """Count a request for a check. The name counts and not the row, which can be removed and added again."""
    again_at = count_use(f"domain-check:{row.organization_id}:{row.name}", pause=CHECK_PAUSE, a_day=CHECKS_A_DAY)
    if again_at is None:
        return
    domain, wait = format_domain_name(row.name), again_at - timezone.now()
    if wait <= CHECK_PAUSE:
        seconds = math.ceil(wait.total_seconds())
        words = ngettext(
            "%(domain)s was checked a moment ago. Try again in %(seconds)s second.",
            "%(domain)s was checked a moment ago. Try again in %(seconds)s seconds.",
            seconds,
        )
        raise TooManyAttempts("checked_just_now", words % {"domain": domain, "seconds": formats.format_number(seconds)})
    values = {"domain": domain, "number": CHECKS_A_DAY, "time": formats.format_date_and_time(again_at)}
    raise TooManyAttempts("too_many_checks", str(TOO_MANY_CHECKS) % values)


def _lock_domain(actor: Actor, domain: OrganizationDomain) -> OrganizationDomain:
    rows = OrganizationDomain.objects.visible_to(actor)
    own = rows if actor.is_system else rows.of_organization(actor.organization_id)
    row = own.select_for_update(of=("self",)).select_related("organization").filter(pk=domain.pk).first()
    if row is None:
        raise NotFound("not_found", _("This domain is no longer on the list."))
    return row


def _other(actor: Actor, organization: Organization) -> Organization | None:
    """Return the organisation as an event's counterpart, unless the actor acts for it."""
    return organization if actor.is_system else None
