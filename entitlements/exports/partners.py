"""Exported lists of partners and of distributors, with the totals of their customers."""

import json
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import (
    BigIntegerField,
    DateField,
    DateTimeField,
    F,
    Field,
    Func,
    JSONField,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.translation import ngettext_lazy

from accounts.models import OrganizationKind
from entitlements.exports.columns import make_sku_names_expression
from entitlements.lists.partners import DISTRIBUTORS, PARTNERS
from entitlements.models import NEVER, NO_EXPIRY
from entitlements.partner_filters import PartnerFilterSet
from entitlements.queries.partners import fetch_unmerged_partner_sums, list_partners
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    join_with_semicolons,
    make_datetime_column,
    make_identifier_column,
    make_percent_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query, Rows
from partnerportal.lib.lists import ListDefinition


class _SkusAsOfNow(Func):
    """A query expression: the SKUs of the sums that are not merged yet (a JSON array or null), else those of a row."""

    template = """(SELECT CASE WHEN s.found IS NULL THEN s.kept
        ELSE ARRAY(SELECT e::bigint FROM jsonb_array_elements_text(s.found) e) END
        FROM (SELECT %(expressions)s) s(found, kept))"""


class _BadgeTexts(Func):
    """A query expression: the badges of a row as an array of texts, such as "csp 2026-01-01–2026-12-31"."""

    template = """ARRAY(SELECT concat(b ->> 'program', ' ', b ->> 'since', '–', b ->> 'until')
        FROM jsonb_array_elements(%(expressions)s) b)"""


def _find_unmerged(column: str, function: str, field: "Field[Any, Any]") -> Func:
    """Return an expression for what the annotation `unmerged` has of a column, null if the row is up to date."""
    return Func(F("unmerged"), Cast("pk", TextField()), Value(column), function=function, output_field=field)


def _as_of_now(column: str, field: "Field[Any, Any]") -> Coalesce:
    """Return an expression for a sum as of now: that of the row, unless the figures behind it are not merged yet."""
    found = _find_unmerged(column, "jsonb_extract_path_text", TextField())
    return Coalesce(Cast(found, field), F(column), output_field=field)


def _make_rows(definition: ListDefinition, kind: OrganizationKind) -> Rows:
    """Return the function of an export that returns the rows of the page's filters, or those with the ORGIDs `ids`."""

    def rows(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
        partners: QuerySet[Any] = PartnerFilterSet(query, list_partners(actor, kind), acting=actor).qs
        if query.get("ids"):
            partners = partners.filter(org_id__in=query["ids"])
        unmerged = json.loads(json.dumps(fetch_unmerged_partner_sums(None), cls=DjangoJSONEncoder))
        partners = partners.annotate(unmerged=Value(unmerged, JSONField()))
        found = _find_unmerged("skus", "jsonb_extract_path", JSONField())
        partners = partners.annotate(
            skus_now=_SkusAsOfNow(found, F("skus"), output_field=ArrayField(BigIntegerField()))
        )
        return partners.order_by(*definition.list_order_fields(query))

    return rows


_FILTERS = frozenset({*PartnerFilterSet.base_filters, "sort"})
_NUMBER = BigIntegerField()
_COLUMNS = (
    make_text_column("name"),
    make_identifier_column("org_id"),
    make_identifier_column("partner_id"),
    make_unchanged_column("country"),
    make_text_column("website"),
    make_text_column("distributor", "parent_name"),
    make_unchanged_column("status", "state"),
    make_text_column("badges", join_with_semicolons(_BadgeTexts("badges"))),
    make_unchanged_column("next_badge_end_on", NullIf(F("next_lapse_on"), Value(NO_EXPIRY))),
    make_unchanged_column("customers", _as_of_now("customers", _NUMBER)),
    make_unchanged_column("customers_sharing", _as_of_now("sharing", _NUMBER)),
    make_unchanged_column("seats", _as_of_now("seats", _NUMBER)),
    make_unchanged_column("assigned", _as_of_now("assigned", _NUMBER)),
    make_unchanged_column("overage", _as_of_now("overage", _NUMBER)),
    make_percent_column("pct_assigned", _as_of_now("assigned", _NUMBER), _as_of_now("seats", _NUMBER)),
    make_text_column("skus", make_sku_names_expression("skus_now")),
    make_unchanged_column("next_expiry_on", NullIf(_as_of_now("next_expiry_on", DateField()), Value(NO_EXPIRY))),
    make_datetime_column(
        "last_customer_at", NullIf(_as_of_now("last_customer_at", DateTimeField()), Value(NEVER))
    ),
    make_datetime_column("last_sign_in_at", NullIf(F("last_sign_in_at"), Value(NEVER))),
    make_datetime_column("created_at"),
)  # fmt: skip

_COUNTED = {
    PARTNERS.key: ngettext_lazy("%(total)s partner", "%(total)s partners", "number"),
    DISTRIBUTORS.key: ngettext_lazy("%(total)s distributor", "%(total)s distributors", "number"),
}
LISTS = tuple(
    ExportableList(
        key=definition.key,
        label=definition.label,
        counted_rows=_COUNTED[definition.key],
        rows=_make_rows(definition, kind),
        rule=definition.rule,
        filters=_FILTERS,
        columns=_COLUMNS,
    )
    for definition, kind in ((PARTNERS, OrganizationKind.PARTNER), (DISTRIBUTORS, OrganizationKind.DISTRIBUTOR))
)
