"""What publishers can import: the audience of an offer, from the file that another offer's export has written (E-9)."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.actions.audience import add_to_audience, remove_from_audience
from marketplace.models import Authorization, Offer
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.price_import import PRICES
from marketplace.queries.audience import (
    MatchedReseller,
    count_sales_through,
    list_selected_tenant_ids,
    match_tenant_ids,
    parse_tenant_id,
)
from marketplace.queries.offers import get_own_offer, lock_own_offer
from marketplace.rows.audience import PASTED_REASONS, describe_locked, describe_marked
from marketplace.rows.offers import get_offer_name, name_own_offers
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.imports.kinds import ImportColumn, ImportKind, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult

MERGE, REPLACE = "merge", "replace"
BAD = RowResult(RowOutcome.BAD, _("This is not a tenant ID."))
RESULTS = {
    "unknown": RowResult(RowOutcome.UNKNOWN, _("No member of the CSP programme has this tenant ID.")),
    "inactive": RowResult(RowOutcome.REFUSED, PASTED_REASONS["inactive"]),
    "suspended": RowResult(RowOutcome.REFUSED, PASTED_REASONS["suspended"]),
    "already_there": RowResult(RowOutcome.ALREADY_THERE),
    "": RowResult(RowOutcome.NEW),
}


def _match(actor: Actor, offer: Offer, rows: Sequence[ImportRow]) -> list[MatchedReseller | None]:
    """Return for each row the reseller with its tenant ID, or None where there is no valid one."""
    ids = [parse_tenant_id(row.values["tenant_id"]) for row in rows]
    found = match_tenant_ids(actor, offer, {tenant_id for tenant_id in ids if tenant_id})
    return [found[tenant_id] if tenant_id else None for tenant_id in ids]


def check_audience_rows(actor: Actor, offer: Offer, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return what would become of each row of an audience."""
    return [RESULTS[found.code] if found else BAD for found in _match(actor, offer, rows)]


def apply_audience_rows(actor: Actor, offer: Offer, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
    """Save the organisations of the rows as additions to the audience of an offer, and return what became of each."""
    locked = lock_own_offer(actor, offer)  # so that whoever adds the same at this moment does not count as new twice
    matched = _match(actor, locked, rows)
    keys = {found.organization_id for found in matched if found and not found.code and found.organization_id}
    if keys:
        add_to_audience(actor=actor, offer=locked, organization_ids=keys, source=Authorization.Source.IMPORTED)
    return [RESULTS[found.code] if found else BAD for found in matched]


def _find_left_out(actor: Actor, offer: Offer, rows: Iterable[ImportRow]) -> dict[UUID, int]:
    """Return the organisations of an audience that a file leaves out: primary keys by tenant ID."""
    named = {parse_tenant_id(row.values["tenant_id"]) for row in rows}
    return {key: value for key, value in list_selected_tenant_ids(actor, offer).items() if key not in named}


def preview_audience(actor: Actor, offer: Offer, mode: str, rows: Iterable[ImportRow]) -> Iterator[Message]:
    """Yield what replacing the audience would do with those that the file leaves out."""
    if mode != REPLACE:
        return
    left_out = _find_left_out(actor, offer, rows)
    if not left_out:
        yield _("No partner is missing from the file.")
        return
    yield _fill(
        ngettext("%(number)s partner is not in the file.", "%(number)s partners are not in the file.", len(left_out)),
        len(left_out),
    )
    locked = len(count_sales_through(actor, offer, left_out.values()))
    if locked and len(left_out) == 1:
        yield _("It will stay, because it has sold the offer.")
    elif locked:
        yield _fill(
            ngettext(
                "%(number)s of them will stay, because it has sold the offer.",
                "%(number)s of them will stay, because they have sold the offer.",
                locked,
            ),
            locked,
        )


def finish_audience(actor: Actor, offer: Offer, mode: str, rows: Iterable[ImportRow]) -> Iterator[Message]:
    """Take out what the file leaves out, if the audience is replaced; yield what became of it."""
    if mode != REPLACE or not (left_out := _find_left_out(actor, offer, rows)):
        return
    result = remove_from_audience(actor=actor, offer=offer, organization_ids=set(left_out.values()))
    if result.dropped:
        yield _fill(
            ngettext(
                "%(number)s saved addition was dropped.", "%(number)s saved additions were dropped.", result.dropped
            ),
            result.dropped,
        )
    if result.marked:
        yield describe_marked(result.marked)
    if result.locked:
        yield describe_locked(result.locked)


def _fill(text: str, number: int) -> str:
    return text % {"number": formats.format_number(number)}


IMPORTS = (
    ImportKind(
        code="audience",
        label=_("CSP reseller audience"),
        columns=(
            ImportColumn("tenant_id", _("The tenant ID of the partner"), "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
            ImportColumn("partner_name", _("Ignored"), "Contoso Ltd", is_required=False, is_ignored=True),
            ImportColumn("partner_id", _("Ignored"), "4567890", is_required=False, is_ignored=True),
            ImportColumn("country", _("Ignored"), "DE", is_required=False, is_ignored=True),
            ImportColumn("region", _("Ignored"), "Europe", is_required=False, is_ignored=True),
            ImportColumn("authorized_since", _("Ignored"), "2026-01-31T09:00:00Z", is_required=False, is_ignored=True),
        ),
        rule=(ROLE_TABLE, OfferPermission.EDIT),
        check=check_audience_rows,
        apply=apply_audience_rows,
        modes=(
            ImportMode(MERGE, _("Merge"), _("Adds the partners in the file and keeps those already in the audience.")),
            ImportMode(
                REPLACE,
                _("Replace"),
                _(
                    "Also removes the partners that are not in the file. Partners that can already sell the offer "
                    "can be removed only by request."
                ),
            ),
        ),
        find_target=get_own_offer,
        describe_target=get_offer_name,
        name_targets=name_own_offers,
        get_target_url=lambda offer: reverse("offer_audience", args=[offer.public_id]),
        key_columns=("tenant_id",),
        preview=preview_audience,
        finish=finish_audience,
        max_rows=100_000,
        max_bytes=20_000_000,
    ),
    PRICES,
)
