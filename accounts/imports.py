"""What the vendor's Admins can import: the operators of the old portal (CV-2, CV-21)."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.actions.operator_import import (
    ImportedOperator,
    OperatorBatch,
    OperatorImportPlan,
    import_operator,
)
from accounts.models import Operator, Person, Role
from accounts.models.identity import LONGEST_EXTERNAL_ID
from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError, InvalidInput, Message, NotFound
from partnerportal.lib.imports.cells import read_language_cell
from partnerportal.lib.imports.csv_reading import read_batches
from partnerportal.lib.imports.kinds import ImportColumn, ImportKind, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult, describe_bad_cell
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.text import escape_unprintable, make_search_key, make_single_line

ADD = "add"
BATCH = 20  # rows of one transaction, whose persons cannot sign in meanwhile: emptying an account may take seconds
LONGEST_NAME: int = Person._meta.get_field("name").max_length  # type: ignore[assignment]
LONGEST_ADDRESS: int = Person._meta.get_field("email").max_length  # type: ignore[assignment]
NAMED = 40  # characters of a foreign text that an error repeats

# How files name the roles: as the old portal did (CV-21), and as this one does. Case, width and signs do not matter.
ROLES = {
    "Reader": Role.READER,
    "Admin": Role.ADMIN,
    "Admin agent": Role.ADMIN_AGENT,
    "Sales agent": Role.SALES_AGENT,
    "Invoice": Role.READER,
    "Tenant admin": Role.ADMIN,
}
_FOLDED_ROLES = {make_search_key(name): role for name, role in ROLES.items()}

NO_ADDRESS = gettext_lazy("This is not an email address.")
NOT_ASCII = gettext_lazy(
    "The address can’t contain accented or other non-English letters. If the domain contains "
    "any, enter it in its “xn--…” form."
)
AT_THE_SAME_MOMENT = gettext_lazy("Someone changed the same data at the same time. Upload the file again.")
EMPTIED = gettext_lazy(
    "Someone signed up with this address but never verified it. The import resets that account first."
)
NEW_EXTERNAL_ID = gettext_lazy("Saves the external ID.")


def read_operator(row: ImportRow) -> ImportedOperator:
    """Return the operator that a row describes. Raises InvalidInput for a cell that cannot be read."""
    values = row.values
    name, external_id = make_single_line(values["name"]), make_single_line(values["external_id"])
    for key, text, longest in (("name", name, LONGEST_NAME), ("external_id", external_id, LONGEST_EXTERNAL_ID)):
        if len(text) > longest:
            message = _("“%(name)s” is longer than %(number)s characters.")
            raise InvalidInput("too_long", message % {"name": key, "number": formats.format_number(longest)})
    return ImportedOperator(
        org_id=values["org_id"],
        email=_read_address(values["email"]),
        roles=_read_roles(values["role"]),
        name=name,
        language=read_language_cell(values["language"], default=settings.LANGUAGE_CODE),
        external_id=external_id,
    )


def _read_address(text: str) -> str:
    """Return an address in lower case.

    Letters outside ASCII are refused: some look like others, and some become others in lower or upper case, so that two
    addresses would count as one.
    """
    if not text.isascii():
        raise InvalidInput("not_ascii", NOT_ASCII, field="email")
    try:
        validate_email(text)
    except ValidationError:
        raise InvalidInput("email", NO_ADDRESS, field="email") from None
    if len(text) > LONGEST_ADDRESS:
        raise InvalidInput("email", NO_ADDRESS, field="email")
    return text.lower()


def _read_roles(text: str) -> frozenset[Role]:
    names = [name for name in (part.strip() for part in text.split(";")) if name]
    if not names:
        raise InvalidInput("roles", _("“%(name)s” is empty.") % {"name": "role"})
    roles = {name: _FOLDED_ROLES.get(make_search_key(name.replace("_", " ").replace("-", " "))) for name in names}
    if unknown := next((name for name, role in roles.items() if role is None), None):
        shown = {"role": escape_unprintable(unknown[:NAMED]), "roles": formats.join_names(ROLES)}
        sentence = _("The role “%(role)s” is unknown. The roles are: %(roles)s.") % shown
        raise InvalidInput("roles", sentence, field="role")
    return frozenset(role for role in roles.values() if role)


def check_operator_rows(actor: Actor, _target: None, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each row of a file of operators."""
    return _go_through(actor, rows, lambda plan, operator: None)


def apply_operator_rows(actor: Actor, _target: None, rows: Sequence[ImportRow], _mode: str) -> list[RowResult]:
    """Import the operators of the rows, each wholly or not at all, and return what has become of each row."""

    acquire_lock(AdvisoryLock.OPERATOR_IMPORTS)

    def apply(plan: OperatorImportPlan, operator: ImportedOperator) -> None:
        if plan.changes_something:
            with transaction.atomic():
                import_operator(actor=actor, organization=plan.organization, operator=operator)

    return _go_through(actor, rows, apply)


def _go_through(
    actor: Actor, rows: Sequence[ImportRow], act: Callable[[OperatorImportPlan, ImportedOperator], None]
) -> list[RowResult]:
    """Return the result of each row, after `act` was called for each that is not refused.

    The rows are gone through in the order of their organisations' keys. Each locks what the list of partners says of
    its organisation until the transaction ends, as do the sign-ins of people who act for several: in one order they
    never wait for each other in vain.
    """
    readings = [_try_to_read(row) for row in rows]
    batch = OperatorBatch(actor, [reading for reading in readings if isinstance(reading, ImportedOperator)])

    def judge(reading: ImportedOperator | RowResult) -> RowResult:
        if isinstance(reading, RowResult):
            return reading
        try:
            plan = batch.plan(reading)
            act(plan, reading)
        except NotFound as error:
            return RowResult(RowOutcome.UNKNOWN, error.message)
        except DomainError as error:
            return RowResult(RowOutcome.REFUSED, error.message)
        except (IntegrityError, ValidationError):
            return RowResult(RowOutcome.REFUSED, AT_THE_SAME_MOMENT)
        batch.remember(reading)
        return _describe_plan(plan, reading)

    in_order = sorted(enumerate(readings), key=lambda pair: batch.find_organization_key(pair[1]))
    results = {number: judge(reading) for number, reading in in_order}
    return [results[number] for number in range(len(readings))]


def _try_to_read(row: ImportRow) -> ImportedOperator | RowResult:
    try:
        return read_operator(row)
    except InvalidInput as error:
        return describe_bad_cell(error)


def _describe_plan(plan: OperatorImportPlan, operator: ImportedOperator) -> RowResult:
    """Return the result of a row that is not refused, with a sentence about what one might not expect."""
    if plan.is_new:
        return RowResult(RowOutcome.NEW, EMPTIED if plan.empties_account else "")
    if plan.added:
        shown = {"kept": _name_roles(plan.kept), "added": _name_roles(plan.added)}
        return RowResult(RowOutcome.CHANGED, _("Keeps these roles: %(kept)s. Adds: %(added)s.") % shown)
    if plan.adds_external_id:
        return RowResult(RowOutcome.CHANGED, NEW_EXTERNAL_ID)
    others = [role for role in plan.kept if role not in operator.roles]
    message = _("Keeps other roles: %(roles)s. An import never removes roles.") % {"roles": _name_roles(others)}
    return RowResult(RowOutcome.ALREADY_THERE, message if others else "")


def _name_roles(roles: Iterable[Role]) -> str:
    return formats.join_names(role.label for role in roles)


def preview_operators(actor: Actor, _target: None, _mode: str, rows: Iterable[ImportRow]) -> Iterator[Message]:
    """Yield a sentence about the organisations of the file that would have operators and nobody in the role Admin."""
    named: set[str] = set()
    led: set[str] = set()
    for batch in read_batches((row for row in rows if not row.problem), BATCH):
        for row, result in zip(batch, check_operator_rows(actor, None, batch), strict=True):
            if not result.outcome.is_failure:
                operator = read_operator(row)
                (led if Role.ADMIN in operator.roles else named).add(operator.org_id)
    admins = Operator.objects.filter(organization__org_id__in=named - led, roles__contains=[Role.ADMIN])
    if without := sorted(named - led - set(admins.values_list("organization__org_id", flat=True))):
        shown = {
            "number": formats.format_number(len(without)),
            "org_ids": formats.join_first_names(without),
        }
        yield (
            ngettext(
                "%(number)s organisation would have no Admin: %(org_ids)s.",
                "%(number)s organisations would have no Admin: %(org_ids)s.",
                len(without),
            )
            % shown
        )


OPERATORS = ImportKind(
    code="operators",
    label=gettext_lazy("Operators from the old portal"),
    columns=(
        ImportColumn("org_id", gettext_lazy("The ORGID of the organisation"), "41234567"),
        ImportColumn("email", gettext_lazy("The address that the person signs in with"), "ann@contoso.example"),
        ImportColumn(
            "role",
            gettext_lazy(
                "Reader, Admin, Admin agent or Sales agent. From the old portal: Invoice (becomes Reader) or Tenant "
                "admin (becomes Admin). Separate several roles with a semicolon (;)."
            ),
            "Invoice",
        ),
        ImportColumn("name", gettext_lazy("The person’s name"), "Ann Example", is_required=False),
        ImportColumn(
            "language", gettext_lazy("The language of emails and pages: en, fr or ja"), "fr", is_required=False
        ),
        ImportColumn(
            "external_id", gettext_lazy("The person’s ID in the old portal"), "6f9619ff-8b86-d011", is_required=False
        ),
    ),
    rule=(ROLE_TABLE, AccountPermission.IMPORT_OPERATORS),
    check=check_operator_rows,
    apply=apply_operator_rows,
    modes=(
        ImportMode(
            ADD,
            gettext_lazy("Add"),
            gettext_lazy("Adds operators and roles but never removes any. Each new operator will get an email."),
        ),
    ),
    key_columns=("org_id", "email", "role"),
    preview=preview_operators,
    runs_as_system=True,  # it registers persons and vouches for their addresses, which no page may
    batch_rows=BATCH,
)

IMPORTS = (OPERATORS,)
