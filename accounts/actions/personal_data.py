"""Actions for a person's rights over what is held about them: export a copy of it, and erase it."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from accounts.actions.operators import remove_operator
from accounts.actions.people import end_sessions, refuse_taken_secondary_email
from accounts.models import ErasedAddress, FailedAttempts, Operator, Person
from accounts.personal_data import (
    ERASED,
    delete_invitations_to,
    list_free_text_columns,
    list_personal_data_sections,
)
from accounts.queries.operators import list_organizations_with_sole_admin
from notifications.models import Event
from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.errors import Conflict
from partnerportal.lib.policies import authorize_system

ACCOUNT = (
    "email",
    "name",
    "language",
    "time_zone",
    "theme",
    "is_active",
    "locked_at",
    "origin",
    "past_first_steps",
    "date_joined",
    "last_login",
)
EVENT = (
    "kind",
    "at",
    "organization_label",
    "counterpart_label",
    "subject_kind",
    "subject_label",
    "note",
    "data",
    "changes",
)


@transaction.atomic
def export_personal_data(*, actor: Actor, person: Person) -> dict[str, Any]:
    """Return a dict of all data held about a person, without the secrets they sign in with, for vendor staff.

    It has a section for each kind of data: account, addresses, organizations, sessions, devices, failed_attempts,
    events_by, events_about, and one for each registered `PersonalDataSection`, under its name.
    """
    authorize_system(actor)
    devices = Authenticator.objects.filter(user=person).order_by("pk")
    events = Event.objects.order_by("pk")
    return {
        "account": {"id": str(person.public_id), **{name: getattr(person, name) for name in ACCOUNT}},
        "addresses": _rows(EmailAddress.objects.filter(user=person), "email", "verified", "primary"),
        "organizations": _rows(
            Operator.objects.filter(person=person), "organization__name", "organization__org_id", "roles", "created_at"
        ),
        "sessions": _rows(UserSession.objects.filter(user=person), "ip", "user_agent", "created_at", "last_seen_at"),
        "devices": [
            {"type": row.type, "name": row.data.get("name", ""), "since": row.created_at, "last_used": row.last_used_at}
            for row in devices
        ],
        "failed_attempts": _rows(FailedAttempts.objects.filter(person=person), "kind", "day", "failures"),
        "events_by": _rows(events.filter(_by(person)), *EVENT),
        "events_about": _rows(events.filter(subject_id=person.public_id), *EVENT),
        **{section.name: section.export(person) for section in list_personal_data_sections()},
    }


def _rows(queryset: Any, *names: str) -> list[dict[str, Any]]:
    return list(queryset.order_by("pk").values(*names))


def _by(person: Person) -> Q:
    return Q(actor_kind=ActorKind.PERSON, actor_id=person.pk)


@transaction.atomic
def erase_personal_data(*, actor: Actor, email: str) -> bool:
    """Delete a person and overwrite their names and addresses elsewhere; return whether there was such a person.

    The log has them, and so may the registered free texts (`FreeTextColumn`), where names are overwritten only in texts
    about what the person changed. For vendor staff. Raises Conflict("last_admin") while the person is the only Admin of
    an organisation, and Conflict("further_address") for an address that is not somebody's main one. Without a person
    only the address is overwritten, and invitations to it are deleted, so a second run reaches what was recorded after
    the first. Earlier names and addresses are taken from the log, which keeps every change of address. A second address
    that was taken off the account is not known any more: run the erasure again for that address. What a customer's own
    systems say, such as who holds its licences, is the customer's record and stays. That these addresses were erased is
    remembered without them (`ErasedAddress`), so that no import brings the person back.
    """
    authorize_system(actor)
    person = Person.objects.select_for_update().filter(email=email.lower()).first()
    if person is None:
        refuse_taken_secondary_email(email)
        ErasedAddress.objects.remember([email])
        delete_invitations_to([email.lower()])
        _erase_from_typed_texts(None, [], [email])
        _erase_from_log(actor, None, [], [email])
        return False
    if without_other_admin := list_organizations_with_sole_admin(person):
        names = ", ".join(f"{organization} ({organization.org_id})" for organization in without_other_admin)
        raise Conflict(
            "last_admin",
            _("This person is the only Admin of %(names)s. Make someone else an Admin there first with add_operator.")
            % {"names": names},
        )
    for operator in Operator.objects.filter(person=person).select_related("person", "organization"):
        remove_operator(actor=actor, operator=operator, is_told=False)
    for section in list_personal_data_sections():
        if section.erase:
            section.erase(person)
    labels = _labels(person)
    addresses = {person.email, *EmailAddress.objects.filter(user=person).values_list("email", flat=True)}
    addresses |= _former_addresses(person, labels)
    ErasedAddress.objects.remember(addresses)
    delete_invitations_to({address.lower() for address in addresses})
    end_sessions(person)
    words = sorted({person.name, *labels}), sorted(addresses)
    _erase_from_typed_texts(person, *words)
    _erase_from_log(actor, person, *words)
    person.delete()
    return True


def _labels(person: Person) -> set[str]:
    """Return what the log calls the person: their names, and their addresses from when they had no name."""
    by = Event.objects.filter(_by(person)).values_list("actor_label", flat=True)
    about = Event.objects.filter(subject_id=person.public_id).values_list("subject_label", flat=True)
    return set(by.union(about))


def _former_addresses(person: Person, labels: set[str]) -> set[str]:
    """Return the labels that are addresses, in lower case, without those that somebody else has.

    Those are left out because anybody may take another's address as their name.
    """
    former = {label.lower() for label in labels if _is_address(label)}
    others = Person.objects.filter(Q(email__in=former) | Q(emailaddress__email__in=former)).exclude(pk=person.pk)
    return (
        former - set(others.values_list("email", flat=True)) - set(others.values_list("emailaddress__email", flat=True))
    )


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _erase_from_typed_texts(person: Person | None, names: list[str], addresses: list[str]) -> None:
    """Overwrite these addresses in every registered text, and these names in those about what the person changed.

    Elsewhere the same name may be another's, as in the notes of the log.
    """
    changed_by_person = Event.objects.filter(_by(person)).values("subject_id") if person else []
    for text in list_free_text_columns():
        rows = text.model._default_manager.all()
        about = rows.filter(**{f"{text.subject}__in": changed_by_person})
        _erase_words(about, text.column, names + addresses)
        _erase_words(rows, text.column, addresses)


def _erase_words(rows: QuerySet[Any], column: str, words: list[str]) -> None:
    """Replace these words by "(erased)" in a column, where they stand as a whole."""
    pattern = Func(Value(words, ArrayField(TextField())), function="whole_words", output_field=TextField())
    gone = (F(column), pattern, Value(ERASED), Value("gi"))
    left = Func(*gone, function="regexp_replace", output_field=TextField())
    longest = rows.model._meta.get_field(column).max_length
    rows.filter(**{f"{column}__iregex": pattern}).update(**{column: Left(left, longest)})


def _erase_from_log(actor: Actor, person: Person | None, names: list[str], addresses: list[str]) -> None:
    """Overwrite these names and addresses in the log, by a function of the database.

    Events are append-only, so only that function can change them; it records that it ran.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT erase_from_log(%s, %s, %s, %s, %s)",
            [*((person.pk, person.public_id) if person else (None, None)), names, addresses, actor.label],
        )
