"""What partners, distributors and vendor staff can import: many activation links at once (CV-10, CV-11)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import Organization, Program
from entitlements.actions.activation import send_activation_link
from entitlements.models import ActivationLink, Sku
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.activation import list_partners_to_name
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, DomainError, InvalidInput, TooManyAttempts
from partnerportal.lib.imports.kinds import ImportColumn, ImportKind, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult

Kind = ActivationLink.Kind
SEND = "send"
BATCH = 100  # rows of one transaction: more than an organisation may send in a day
MANY = 1000  # links of one file; an organisation may send only some of them in a day


class _NothingIsSent(Exception):
    """Raised to take back what a dry run has tried."""


ReadRow = Callable[[Actor, ImportRow], dict[str, Any]]


def check_customer_rows(actor: Actor, target: None, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each row of customers to activate."""
    return _try_and_take_back(actor, rows, read_customer_row)


def apply_customer_rows(actor: Actor, target: None, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    """Send an activation link to the customer of each row, and return what became of each."""
    return [_send_row(actor, row, read_customer_row) for row in rows]


def check_partner_rows(actor: Actor, target: None, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each row of partners to activate."""
    return _try_and_take_back(actor, rows, read_partner_row)


def apply_partner_rows(actor: Actor, target: None, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    """Send an activation link to the partner of each row, and return what became of each."""
    return [_send_row(actor, row, read_partner_row) for row in rows]


def _try_and_take_back(actor: Actor, rows: Sequence[ImportRow], read_row: ReadRow) -> list[RowResult]:
    """Return what would become of each row: send all of them and take that back, mails too, before anybody sees it.

    So a dry run knows the limit of a day, and the second row of one organisation, as the import itself does.
    """
    results: list[RowResult] = []
    with suppress(_NothingIsSent), transaction.atomic():
        results += [_send_row(actor, row, read_row) for row in rows]
        raise _NothingIsSent
    return results


def _send_row(actor: Actor, row: ImportRow, read_row: ReadRow) -> RowResult:
    """Send the link of a row, all or nothing of it, and return what became of it."""
    try:
        with transaction.atomic():
            send_activation_link(actor=actor, **read_row(actor, row))
    except DomainError as error:
        return _describe_error(error)
    return RowResult(RowOutcome.NEW)


def _describe_error(error: DomainError) -> RowResult:
    if error.code == "already_sent":  # a file that is imported again sends nothing twice
        return RowResult(RowOutcome.ALREADY_THERE, error.message)
    if isinstance(error, InvalidInput):
        return RowResult(RowOutcome.BAD, error.message)
    if isinstance(error, Conflict | TooManyAttempts | ActionRefused):
        return RowResult(RowOutcome.REFUSED, error.message)
    raise error


def read_customer_row(actor: Actor, row: ImportRow) -> dict[str, Any]:
    """Return the values of a row as arguments of `send_activation_link`. Raises InvalidInput for one that is wrong."""
    values = _read_common_values(row)
    sku = Sku.objects.filter(code=row.values["sku"]).first()
    if sku is None:
        raise InvalidInput("sku", _("There is no service with this SKU."), field="sku")
    return {
        **values,
        "kind": Kind.CUSTOMER,
        "sku": sku,
        "add_ons": _read_add_ons(row.values["add_ons"]),
        "seats": _read_seats(row.values["licences"]),
        "partner": _read_partner(actor, row.values["partner_orgid"]),
    }


def read_partner_row(actor: Actor, row: ImportRow) -> dict[str, Any]:
    """Return the values of a row as arguments of `send_activation_link`. Raises InvalidInput for one that is wrong."""
    program = Program.objects.filter(code=row.values["program"]).first()
    if program is None:
        codes = ", ".join(Program.objects.order_by("code").values_list("code", flat=True))
        raise InvalidInput("program", _("The programmes are: %(codes)s.") % {"codes": codes}, field="program")
    return {**_read_common_values(row), "kind": Kind.PARTNER, "program": program}


def _read_common_values(row: ImportRow) -> dict[str, Any]:
    email = row.values["email"]
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput("email", _("Enter a valid email address."), field="email") from None
    language = row.values["language"].casefold() or get_language() or "en"
    if language not in dict(settings.LANGUAGES):
        names = ", ".join(dict(settings.LANGUAGES))
        raise InvalidInput("language", _("The languages are: %(codes)s.") % {"codes": names}, field="language")
    return {
        "name": row.values["organization_name"],
        "email": email,
        "country": row.values["country"].upper(),
        "language": language,
    }


def _read_seats(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InvalidInput("seats", _("Enter the number of licences as a whole number."), field="seats")
    return int(text)


def _read_add_ons(text: str) -> list[Sku]:
    codes = [code.strip() for code in text.split("|") if code.strip()]
    found = {sku.code: sku for sku in Sku.objects.filter(code__in=codes)}
    if unknown := next((code for code in codes if code not in found), None):
        raise InvalidInput("add_ons", _("There is no add-on %(code)s.") % {"code": unknown[:60]}, field="add_ons")
    return list(found.values())


def _read_partner(actor: Actor, org_id: str) -> Organization | None:
    if not org_id:
        return None
    partner = list_partners_to_name(actor).filter(org_id=org_id).first()
    if partner is None:
        raise InvalidInput("partner", _("No partner of yours has this ORGID."), field="partner")
    return partner


_COMMON = (
    ImportColumn("organization_name", gettext_lazy("The name of the organisation"), "Contoso Ltd"),
    ImportColumn("email", gettext_lazy("The address that the link is sent to"), "admin@contoso.example"),
    ImportColumn("country", gettext_lazy("Its country, as an ISO 3166 code"), "FR"),
    ImportColumn("language", gettext_lazy("The language of the email: en, fr or ja"), "fr", is_required=False),
)
_MODES = (ImportMode(SEND, gettext_lazy("Send"), gettext_lazy("Sends an email with a link to each address.")),)

ACTIVATION_IMPORTS = (
    ImportKind(
        code="activation_links",
        label=gettext_lazy("Activation links of customers"),
        columns=(
            *_COMMON,
            ImportColumn("sku", gettext_lazy("The SKU of the service to try"), "DESKTOPS-STD"),
            ImportColumn("add_ons", gettext_lazy("SKUs of add-ons, separated by |"), "DESKTOPS-REC", is_required=False),
            ImportColumn("licences", gettext_lazy("How many licences the trial has"), "10"),
            ImportColumn(
                "partner_orgid",
                gettext_lazy("The ORGID of the partner, for distributors and vendor staff"),
                "41234567",
                is_required=False,
            ),
        ),
        rule=(ROLE_TABLE, EntitlementPermission.ACTIVATE_CUSTOMERS),
        check=check_customer_rows,
        apply=apply_customer_rows,
        modes=_MODES,
        batch_rows=BATCH,
        max_rows=MANY,
    ),
    ImportKind(
        code="partner_links",
        label=gettext_lazy("Activation links of partners"),
        columns=(*_COMMON, ImportColumn("program", gettext_lazy("The programme that it joins"), "solution_advisor")),
        rule=(ROLE_TABLE, EntitlementPermission.ACTIVATE_PARTNERS),
        check=check_partner_rows,
        apply=apply_partner_rows,
        modes=_MODES,
        batch_rows=BATCH,
        max_rows=MANY,
    ),
)
