"""Actions on persons by vendor staff and by periodic work: register, start from nothing, lock, unlock, delete."""

import datetime as dt
from typing import NamedTuple

from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.events import AccountEventKind
from accounts.models import FailedAttempts, Organization, Person
from accounts.models.person import Theme
from notifications.actions.recording import make_event, record_events
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, InvalidInput
from partnerportal.lib.policies import authorize_system
from partnerportal.lib.sessions import SessionStore
from partnerportal.lib.sweeping import delete_in_batches
from partnerportal.lib.text import make_single_line

BATCH = 500  # persons deleted in one transaction


class PersonRegistrationResult(NamedTuple):
    """The result of `register_person`: the person, whether they are new, and whether their account was emptied.

    `was_reset` is true for a person who already had an account, but with an address that was never verified.
    """

    person: Person
    is_new: bool
    was_reset: bool


def update_person_preferences(*, person: Person, name: str, language: str, time_zone: str, theme: str) -> None:
    """Store a person's name, language, time zone and theme.

    They are personal settings, so no permission is checked and no event is recorded.
    """
    person.name, person.language, person.time_zone, person.theme = name, language, time_zone, theme
    person.save(update_fields=["name", "language", "time_zone", "theme"])


def update_appearance(*, person: Person, theme: str = "", language: str = "") -> None:
    """Store a person's theme or language, or both; "" leaves what is. Raises InvalidInput for an unknown one.

    They are personal settings, so no permission is checked and no event is recorded.
    """
    if theme and theme not in Theme.values:
        raise InvalidInput("theme", _("Choose an option from the list."))
    if language and language not in dict(settings.LANGUAGES):
        raise InvalidInput("language", _("Choose an option from the list."))
    person.theme, person.language = theme or person.theme, language or person.language
    person.save(update_fields=["theme", "language"])


def hide_first_steps(*, person: Person, organization_id: int) -> None:
    """Store that a person has done or dismissed the first steps in one of their organisations. It is theirs alone."""
    person.past_first_steps = sorted({*person.past_first_steps, organization_id})
    person.save(update_fields=["past_first_steps"])


def show_first_steps(*, person: Person, organization_id: int) -> None:
    """Store that a person wants to see the first steps again in one of their organisations, if any is still open."""
    person.past_first_steps = [each for each in person.past_first_steps if each != organization_id]
    person.save(update_fields=["past_first_steps"])


@transaction.atomic
def register_person(
    *, actor: Actor, email: str, name: str = "", language: str = settings.LANGUAGE_CODE, verified: bool = False
) -> PersonRegistrationResult:
    """Register a person for vendor staff, or find who has this address already; return a PersonRegistrationResult.

    A new person has no password: "Forgot your password?" gives them one, and the first sign-in asks for a code that is
    mailed to the address. The account of a known person whose address was never verified is emptied
    (`reset_unverified_account`). `verified` means that staff vouch for the address, also of a known person. Raises
    Conflict("further_address") if it is the verified second address of somebody else, and ValidationError for a bad
    address or name.
    """
    authorize_system(actor)
    person = Person.objects.filter(email=email.lower()).first()
    refuse_taken_secondary_email(email, person)
    if person is None:
        person = Person(email=email, name=name, language=language)
        person.full_clean(exclude={"password"} if name else {"password", "name"})  # a person may name themselves later
        person = Person.objects.create_user(email, name=name, language=language)
        EmailAddress.objects.create(user=person, email=person.email, primary=True)
        registration = PersonRegistrationResult(person, is_new=True, was_reset=False)
    else:
        registration = PersonRegistrationResult(
            person, is_new=False, was_reset=reset_unverified_account(actor=actor, person=person)
        )
    # Other accounts may list this address without having proved it. They lose it: a reset link that somebody asks for
    # would otherwise be sent for both accounts.
    EmailAddress.objects.filter(email=person.email, verified=False).exclude(user=person).delete()
    if verified:
        EmailAddress.objects.filter(user=person, email=person.email).update(verified=True)
    return registration


def refuse_taken_secondary_email(email: str, person: Person | None = None) -> None:
    """Raise Conflict("further_address") if this is the verified second address of somebody other than `person`.

    The message names the main address of that account.
    """
    proved = EmailAddress.objects.filter(email=email.lower(), verified=True).exclude(user=person)
    if owner := proved.select_related("user").first():
        message = _("%(email)s is a secondary address. Use %(account)s instead.")
        raise Conflict("further_address", message % {"email": email, "account": owner.user.email})


@transaction.atomic
def reset_unverified_account(*, actor: Actor, person: Person) -> bool:
    """Empty an account whose address was never verified; return whether there was anything to remove.

    Whoever signed up with somebody else's address knows the account's password. So before staff vouch for the address,
    or let the person act for an organisation, the account loses its password, devices, sessions (also unfinished
    sign-ins), other addresses and the typed name, and counts as registered by staff. An account with a verified address
    is left alone.
    """
    authorize_system(actor)
    stored = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    addresses = EmailAddress.objects.select_for_update().filter(user=person)
    if any(address.verified for address in addresses if address.email == stored.email):
        return False
    devices = Authenticator.objects.filter(user=person)
    had_credentials = stored.has_usable_password() or devices.exists()
    if had_credentials:  # with neither a password nor a device nobody can have begun to sign in
        end_sessions(person)
    devices.delete()
    FailedAttempts.objects.filter(person=person).delete()
    addresses.exclude(email=stored.email).delete()
    EmailAddress.objects.update_or_create(user=person, email=stored.email, defaults={"primary": True})
    person.set_unusable_password()  # this also voids the reset links that were sent
    person.origin = Person.Origin.REGISTERED
    person.email, person.name = stored.email, "" if had_credentials else stored.name
    person.save(update_fields=["password", "origin", "name"])
    if had_credentials:
        _record(AccountEventKind.PERSON_RESET, actor, person, label=person.email)
    return had_credentials


def end_sessions(person: Person) -> int:
    """Delete every session of a person, also unfinished sign-ins; return how many were deleted.

    Only the encrypted content of a session says whose it is, so every session in the database is decrypted. That takes
    seconds for a hundred thousand sessions.
    """
    UserSession.objects.filter(user=person).delete()
    sessions = Session.objects.filter(expire_date__gt=timezone.now()).iterator(chunk_size=2000)
    keys = [session.pk for session in sessions if _is_of(SessionStore(session.pk).decode(session.session_data), person)]
    return Session.objects.filter(pk__in=keys).delete()[0]


def _is_of(data: dict[str, object], person: Person) -> bool:
    """Return whether a session's data is of the person: signed in, at a second step, or at the code of an address."""
    signing_in = data.get("account_login") or {}
    verifying = data.get("account_email_verification_code") or {}
    return str(person.pk) in (data.get(SESSION_KEY), verifying.get("user_id")) or (  # type: ignore[attr-defined]
        signing_in.get("user_pk") == user_pk_to_url_str(person)  # type: ignore[attr-defined]
    )


def delete_ended_session_records() -> int:
    """Delete the records (IP address, browser) of sessions that no longer exist; return how many were deleted.

    allauth itself deletes them only when their person signs in again.
    """
    alive = Session.objects.filter(pk=OuterRef("session_key"))
    return delete_in_batches(UserSession.objects.filter(~Exists(alive)))


@transaction.atomic
def lock_person(*, actor: Actor, person: Person, reason: str) -> None:
    """Lock a person out of the portal at once, on behalf of the vendor's staff.

    Their sign-in, sessions, reset links, calendar URLs and mails stop. Reset links that were sent before stay void
    after the person is unlocked. Raises InvalidInput("reason") without a reason and Conflict("state_changed") if the
    person is locked already.
    """
    authorize_system(actor)
    if not make_single_line(reason):
        raise InvalidInput("reason", _("Enter a reason."), field="reason")
    _set_active(person, False, _("This person is already locked."), locked_at=timezone.now())
    end_sessions(person)
    _record(AccountEventKind.PERSON_LOCKED, actor, person, note=make_single_line(reason))


@transaction.atomic
def unlock_person(*, actor: Actor, person: Person) -> None:
    """Let a locked person in again, on behalf of the vendor's staff, with the password and devices they had.

    Raises Conflict("state_changed") unless the person is locked.
    """
    authorize_system(actor)
    _set_active(person, True, _("This person is not locked."))
    _record(AccountEventKind.PERSON_UNLOCKED, actor, person)


def _record(kind: AccountEventKind, actor: Actor, person: Person, note: str = "", label: str = "") -> None:
    """Record what staff did to a person, and once more in the log of each organisation that they act for.

    What staff have noted may be about another of these organisations, so it stands in their own event alone.
    """
    organizations = Organization.objects.filter(operators__person=person).order_by("pk")
    told = [make_event(kind, actor=actor, subject=person, label=label, counterpart=each) for each in organizations]
    record_events([make_event(kind, actor=actor, subject=person, label=label, note=note), *told])


def _set_active(person: Person, is_active: bool, refusal: object, **stamp: dt.datetime) -> None:
    """Set whether a person may sign in. Raises Conflict("state_changed") with the refusal when nothing changes."""
    changed = Person.objects.filter(pk=person.pk, is_active=not is_active).update(is_active=is_active, **stamp)
    if not changed:
        raise Conflict("state_changed", str(refusal))
    person.is_active = is_active


def delete_unverified_people() -> int:
    """Delete people who signed up and verified no address within PORTAL_UNVERIFIED_KEPT; return how many.

    A person who acts for an organisation is kept, and so is one whom staff or an import registered, as `Person.origin`
    says.
    """
    deleted = 0
    while batch := _delete_unverified(timezone.now() - settings.PORTAL_UNVERIFIED_KEPT):
        deleted += batch
    return deleted


@transaction.atomic
def _delete_unverified(before: dt.datetime) -> int:
    """Delete up to BATCH people who signed up before that moment and never proved an address; return how many.

    Their addresses are locked before they are looked at, because one of them may be proved at this moment.
    """
    strangers = Person.objects.filter(origin=Person.Origin.SIGNED_UP, date_joined__lt=before, operators=None)
    strangers = strangers.exclude(emailaddress__verified=True).order_by("pk")
    ids = list(strangers.values_list("pk", flat=True)[:BATCH])
    addresses = list(EmailAddress.objects.select_for_update().filter(user__in=ids))
    proved = {address.user_id for address in addresses if address.verified}
    return Person.objects.filter(pk__in=set(ids) - proved, operators=None).delete()[1].get("accounts.Person", 0)
