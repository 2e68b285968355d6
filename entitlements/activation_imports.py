"""Many activation links at once, from a file or from their list (CV-10, CV-11, G15)."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts.models import Organization, Program
from entitlements.actions.activation import resend_activation_link, send_activation_link
from entitlements.exports.activations import PENDING_CUSTOMERS, PENDING_PARTNERS
from entitlements.models import ActivationLink, Sku
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.activation import get_activation_link, list_partners_to_name
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, DomainError, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.exports.lists import ExportableList
from partnerportal.lib.imports.bulk import ONE_ROW, ApplyRow, BulkAction
from partnerportal.lib.imports.cells import read_language_cell
from partnerportal.lib.imports.kinds import ImportColumn, ImportKind, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult, describe_bad_cell

Kind = ActivationLink.Kind
SEND = "send"
MANY = 1000  # links of one file, and of one transaction of its dry run, which so knows the limit of a day
# The columns of what `send_activation_link` calls otherwise.
COLUMNS_OF_FIELDS = {"name": "organization_name", "seats": "licences", "partner": "partner_orgid"}

CHANGES = RowResult(RowOutcome.CHANGED)
NOT_YOURS = RowResult(RowOutcome.UNKNOWN, gettext_lazy("This is not one of your organisation’s activation links."))


class _NothingIsSent(Exception):
    """Raised to take back what a dry run has tried."""


ReadRow = Callable[[Actor, ImportRow], dict[str, Any]]


def check_customer_rows(actor: Actor, target: None, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each row of customers to activate."""
    return _try_and_take_back(actor, rows, _send_to_customer)


def apply_customer_rows(actor: Actor, target: None, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    """Send an activation link to the customer of each row, and return what became of each."""
    return [_send_to_customer(actor, row) for row in rows]


def check_partner_rows(actor: Actor, target: None, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each row of partners to activate."""
    return _try_and_take_back(actor, rows, _send_to_partner)


def apply_partner_rows(actor: Actor, target: None, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    """Send an activation link to the partner of each row, and return what became of each."""
    return [_send_to_partner(actor, row) for row in rows]


def _send_to_customer(actor: Actor, row: ImportRow) -> RowResult:
    return _send_row(actor, row, read_customer_row)


def _send_to_partner(actor: Actor, row: ImportRow) -> RowResult:
    return _send_row(actor, row, read_partner_row)


def _try_and_take_back(actor: Actor, rows: Sequence[ImportRow], apply_row: ApplyRow) -> list[RowResult]:
    """Return what would become of each row: send all of them and take that back, mails too, before anybody sees it.

    So a dry run knows the limit of a day, and the second row of one organisation, as the import itself does.
    """
    results: list[RowResult] = []
    with suppress(_NothingIsSent), transaction.atomic():
        results += [apply_row(actor, row) for row in rows]
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
        return describe_bad_cell(error, columns=COLUMNS_OF_FIELDS)
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
        raise InvalidInput(
            "program", _("Unknown programme. Use one of these codes: %(codes)s.") % {"codes": codes}, field="program"
        )
    return {**_read_common_values(row), "kind": Kind.PARTNER, "program": program}


def _read_common_values(row: ImportRow) -> dict[str, Any]:
    return {
        "name": row.values["organization_name"],
        "email": row.values["email"],
        "country": row.values["country"].upper(),
        "language": read_language_cell(row.values["language"], default=get_language() or settings.LANGUAGE_CODE),
    }


def _read_seats(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InvalidInput("seats", _("Enter the number of licences as a whole number."), field="seats")
    return int(text)


def _read_add_ons(text: str) -> list[Sku]:
    codes = [code.strip() for code in text.split("|") if code.strip()]
    found = {sku.code: sku for sku in Sku.objects.filter(code__in=codes)}
    if unknown := next((code for code in codes if code not in found), None):
        raise InvalidInput(
            "add_ons", _("There is no add-on with the SKU %(code)s.") % {"code": unknown[:60]}, field="add_ons"
        )
    return list(found.values())


def _read_partner(actor: Actor, org_id: str) -> Organization | None:
    if not org_id:
        return None
    partner = list_partners_to_name(actor).filter(org_id=org_id).first()
    if partner is None:
        raise InvalidInput("partner", _("None of your partners has this ORGID."), field="partner")
    return partner


_COMMON = (
    ImportColumn("organization_name", gettext_lazy("The name of the organisation"), "Contoso Ltd"),
    ImportColumn("email", gettext_lazy("The address that the link is sent to"), "admin@contoso.example"),
    ImportColumn("country", gettext_lazy("The organisation’s country, as an ISO 3166 code"), "FR"),
    ImportColumn("language", gettext_lazy("The language of the email: en, fr or ja"), "fr", is_required=False),
)
_MODES = (ImportMode(SEND, gettext_lazy("Send"), gettext_lazy("Sends an email with a link to each address.")),)


def _describe_link(link: ActivationLink, chosen: Mapping[str, Any]) -> dict[str, str]:
    return {"link": str(link.public_id), "organization_name": link.name, "email": link.email}


def _check_links(actor: Actor, target: Any, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each link that is to be sent again."""
    return _try_and_take_back(actor, rows, _resend)


def _resend_links(actor: Actor, target: Any, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    """Send the link of each row again, and return what became of each."""
    return [_resend(actor, row) for row in rows]


def _resend(actor: Actor, row: ImportRow) -> RowResult:
    """Send the link of a row again, or keep as its problem what stands in the way; return what became of it."""
    try:
        link = get_activation_link(actor, UUID(row.values["link"]))
        resend_activation_link(actor=actor, activationlink=link)
    except (NotFound, ValueError):
        return NOT_YOURS
    except DomainError as error:
        return _describe_error(error)
    return CHANGES


def _label_resend(number: int) -> str:
    words = ngettext("Send %(count)s link again", "Send %(count)s links again", number)
    return words % {"count": formats.format_number(number)}


def _label_send(number: int) -> str:
    words = ngettext("Send %(count)s activation link", "Send %(count)s activation links", number)
    return words % {"count": formats.format_number(number)}


def _make_resending(code: str, source: ExportableList, permission: EntitlementPermission) -> BulkAction:
    """Return the bulk action that sends the selected links of one list again."""
    return BulkAction(
        code=code,
        label=gettext_lazy("Send activation links again"),
        button=gettext_lazy("Send again…"),
        icon="send",
        source=source,
        list_url_name=source.key,
        rule=(ROLE_TABLE, permission),
        columns=(
            ImportColumn(
                "link", gettext_lazy("The ID of the link"), "6f9619ff-8b86-d011-b42d-00cf4fc964ff", is_shown=False
            ),
            ImportColumn("organization_name", gettext_lazy("Organisation"), "Contoso", is_required=False),
            ImportColumn("email", gettext_lazy("Email address"), "a@contoso.example", is_required=False),
        ),
        key_columns=("link",),
        describe_row=_describe_link,
        check=_check_links,
        apply=_resend_links,
        check_rows=MANY,
        max_rows=MANY,
        modes=_MODES,
        describe_confirmation=_label_resend,
    )


RESEND_CUSTOMER_LINKS = _make_resending("resend_customers", PENDING_CUSTOMERS, EntitlementPermission.ACTIVATE_CUSTOMERS)
RESEND_PARTNER_LINKS = _make_resending("resend_partners", PENDING_PARTNERS, EntitlementPermission.ACTIVATE_PARTNERS)
RESENDING = {Kind.CUSTOMER: RESEND_CUSTOMER_LINKS, Kind.PARTNER: RESEND_PARTNER_LINKS}

ACTIVATION_IMPORTS = (
    RESEND_CUSTOMER_LINKS,
    RESEND_PARTNER_LINKS,
    ImportKind(
        code="activation_links",
        label=gettext_lazy("Activation links for customers"),
        columns=(
            *_COMMON,
            ImportColumn("sku", gettext_lazy("The SKU of the service to try"), "DESKTOPS-STD"),
            ImportColumn("add_ons", gettext_lazy("SKUs of add-ons, separated by |"), "DESKTOPS-REC", is_required=False),
            ImportColumn("licences", gettext_lazy("How many licences the trial has"), "10"),
            ImportColumn(
                "partner_orgid",
                gettext_lazy("The partner’s ORGID (only for distributors and vendor staff)"),
                "41234567",
                is_required=False,
            ),
        ),
        rule=(ROLE_TABLE, EntitlementPermission.ACTIVATE_CUSTOMERS),
        check=check_customer_rows,
        apply=apply_customer_rows,
        modes=_MODES,
        list_url_name=PENDING_CUSTOMERS.key,
        list_label=PENDING_CUSTOMERS.label,
        describe_confirmation=_label_send,
        key_columns=("organization_name", "email"),
        batch_rows=ONE_ROW,
        check_rows=MANY,
        max_rows=MANY,
    ),
    ImportKind(
        code="partner_links",
        label=gettext_lazy("Activation links for partners"),
        columns=(
            *_COMMON,
            ImportColumn("program", gettext_lazy("The programme that the partner joins"), "solution_advisor"),
        ),
        rule=(ROLE_TABLE, EntitlementPermission.ACTIVATE_PARTNERS),
        check=check_partner_rows,
        apply=apply_partner_rows,
        modes=_MODES,
        list_url_name=PENDING_PARTNERS.key,
        list_label=PENDING_PARTNERS.label,
        describe_confirmation=_label_send,
        key_columns=("organization_name", "email"),
        batch_rows=ONE_ROW,
        check_rows=MANY,
        max_rows=MANY,
    ),
)
