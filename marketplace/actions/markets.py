"""Actions of the vendor's Admins on markets: add, rename and remove one, its currencies, the place of a country."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from marketplace.events import CatalogueEvent
from marketplace.models import Market, MarketCountry, MarketCurrency
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.markets import CountryMove, is_priced, preview_country_move
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.catalogue_entries import (
    CODE_TAKEN,
    LANGUAGES,
    lock_entry,
    read_entry_names,
    refuse_taken_names,
)
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.codes import read_code
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.money import is_currency_code
from partnerportal.lib.policies import authorize

NO_CURRENCY = _("This is not an ISO 4217 currency code.")
NO_COUNTRY = _("This is not an ISO 3166 country code.")
HAS_CURRENCY = _("The market already has this currency.")
IN_USE = _(
    "This market has countries, prices or stopped sales, so it can’t be removed. Only an unused market can be removed."
)
CURRENCY_IN_USE = _("Plan prices or countries in this market use this currency, so it can’t be removed.")
LAST_CURRENCY = _("A market needs at least one currency.")
NOT_OF_MARKET = _("%(market)s doesn’t use %(currency)s. Add the currency to the market first.")
OTHER_FACTS = _("The effects have changed since you looked. Check the new numbers and confirm again.")


@transaction.atomic
def add_market(*, actor: Actor, code: str, names: Mapping[str, str], currency: str) -> Market:
    """Add a market with its first currency, and return it. It has no countries yet.

    `names` are by language, of which English is required. Raises InvalidInput for a code, name or currency that cannot
    be one, and Conflict("code_taken") or Conflict("name_taken").
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    code, read = read_code(code), read_entry_names(names)
    _ensure_currency(currency)
    acquire_lock(AdvisoryLock.CATALOGUE)
    if Market.objects.filter(code=code).exists():
        raise Conflict("code_taken", CODE_TAKEN, field="code")
    _refuse_taken_names(read, None)
    row = Market.objects.create(code=code, names=read)
    row.currencies.create(currency=currency)
    _record(CatalogueEvent.MARKET_ADDED, actor, row, data={"code": code, "currency": currency})
    return row


@transaction.atomic
def rename_market(*, actor: Actor, market: Market, names: Mapping[str, str], revision: int | None) -> Market:
    """Rename a market, and return it. `revision` is the one that was seen, or None for any.

    Raises InvalidInput for a name that cannot be one, Conflict("name_taken"), and Conflict("changed_meanwhile").
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    read = read_entry_names(names)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Market.objects.all(), market, revision)
    _refuse_taken_names(read, row)
    changes = list_changes_between(_by_field(row.names), _by_field(read))
    if changes:
        row.names, row.revision = read, row.revision + 1
        row.save(update_fields=["names", "revision"])
        _record(CatalogueEvent.MARKET_CHANGED, actor, row, changes=changes)
    return row


@transaction.atomic
def remove_market(*, actor: Actor, market: Market) -> None:
    """Remove a market that nothing uses. Raises Conflict("in_use") for one with countries, prices or stops of sales."""
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Market.objects.all(), market, None)
    try:
        with transaction.atomic():
            Market(pk=row.pk).delete()
    except (ProtectedError, IntegrityError) as error:
        raise Conflict("in_use", IN_USE) from error
    _record(CatalogueEvent.MARKET_REMOVED, actor, row, data={"code": row.code})


@transaction.atomic
def add_currency(*, actor: Actor, market: Market, currency: str) -> MarketCurrency:
    """Add a currency in which plans can be priced in a market, and return it. No country uses it yet.

    Raises InvalidInput("unknown_currency"), and Conflict("has_currency") for one that the market has.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    _ensure_currency(currency)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Market.objects.all(), market, None)
    if row.currencies.filter(currency=currency).exists():
        raise Conflict("has_currency", HAS_CURRENCY, field="currency")
    added = row.currencies.create(currency=currency)
    _record(CatalogueEvent.MARKET_CHANGED, actor, row, changes={"added_currency": [None, currency]})
    return added


@transaction.atomic
def remove_currency(*, actor: Actor, market: Market, currency: str) -> None:
    """Take a currency away from a market in which no plan is priced by it, and which no country uses.

    Raises NotFound for a currency that the market does not have, Conflict("currency_in_use"), and
    Conflict("last_currency").
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Market.objects.all(), market, None)
    found = row.currencies.filter(currency=currency)
    if not found.exists():
        raise NotFound("not_found", "")
    if row.countries.filter(currency=currency).exists() or is_priced(row, currency):
        raise Conflict("currency_in_use", CURRENCY_IN_USE)
    if row.currencies.count() == 1:
        raise Conflict("last_currency", LAST_CURRENCY)
    try:
        with transaction.atomic():
            found.delete()
    except IntegrityError as error:  # a price was added just now
        raise Conflict("currency_in_use", CURRENCY_IN_USE) from error
    _record(CatalogueEvent.MARKET_CHANGED, actor, row, changes={"removed_currency": [currency, None]})


@transaction.atomic
def place_country(*, actor: Actor, country: str, market: Market, currency: str, seen: str) -> CountryMove:
    """Put a country into a market, out of the one in which it was, with one of the market's currencies.

    Its partners sell there from now on, and nowhere else; what was sold stays as it is. They are told, as are partners
    with customers there, and publishers whose plans had a price where it was. `seen` is the digest of what
    `preview_country_move` has shown. Returns what has followed. Raises InvalidInput for a country that there is not,
    or a currency that the market does not have, Conflict("unchanged"), and Conflict("changed_meanwhile") if other
    things follow by now.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Market.objects.all(), market, None)
    move = check_country_move(actor, country, row, currency)
    if seen != move.digest:
        raise Conflict("changed_meanwhile", OTHER_FACTS)
    MarketCountry.objects.update_or_create(country=country, defaults={"market": row, "currency": currency})
    before = {"market": move.before.code if move.before else "", "currency": move.currency_before}
    after = {"market": row.code, "currency": currency}
    changes = list_changes_between(before, after)
    data = {"country": country, "partners": move.partners, "customers": move.customers, **after}
    data |= {f"{name}_before": value for name, value in before.items()}
    _record(CatalogueEvent.COUNTRY_PLACED, actor, row, changes=changes, data=data)
    return move


def check_country_move(actor: Actor, country: str, market: Market, currency: str) -> CountryMove:
    """Return what follows if a country is put into a market. Raises InvalidInput or Conflict where it cannot be."""
    if country not in dict(list_country_choices()) and not MarketCountry.objects.filter(country=country).exists():
        raise InvalidInput("unknown_country", NO_COUNTRY, field="country")
    if not market.currencies.filter(currency=currency).exists():
        message = NOT_OF_MARKET % {"market": market.local_name, "currency": currency}
        raise InvalidInput("currency_of_no_market", message, field="currency")
    move = preview_country_move(actor, country, market, currency)
    if move.changes_nothing:
        raise Conflict("unchanged", _("The country is already in this market, with this currency."))
    return move


def _ensure_currency(currency: str) -> None:
    if not is_currency_code(currency):
        raise InvalidInput("unknown_currency", NO_CURRENCY, field="currency")


def _by_field(names: Mapping[str, str]) -> dict[str, str]:
    return {f"name_{language}": names.get(language, "") for language in LANGUAGES}


def _refuse_taken_names(names: Mapping[str, str], row: Market | None) -> None:
    others = Market.objects.exclude(pk=row.pk) if row else Market.objects.all()
    by_field = {field: name for field, name in _by_field(names).items() if name}
    taken = {f"name_{language}": {each.code: each.names.get(language, "") for each in others} for language in LANGUAGES}
    refuse_taken_names(by_field, taken)


def _record(kind: CatalogueEvent, actor: Actor, market: Market, **details: Any) -> None:
    record_event(kind, actor=actor, subject=market, **details)
