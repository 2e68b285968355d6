"""The vendor's pages of markets: their countries and currencies, and the move of a country in two steps."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from marketplace.actions.markets import (
    add_currency,
    add_market,
    check_country_move,
    place_country,
    remove_currency,
    remove_market,
    rename_market,
)
from marketplace.catalogue_frame import EntryDialog, EntryQuestion, ask_first, edit_entry, render_catalogue_page
from marketplace.forms.catalogue_settings import CountryForm, CurrencyForm, MarketForm
from marketplace.models import Market
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.markets import CountryMove, count_population, count_priced_plans, get_market, list_markets
from marketplace.rows.catalogue_settings import (
    CountrySearch,
    list_unplaced_countries,
    make_country_rows,
    make_currency_rows,
    make_market_rows,
)
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

TAB = "catalogue_markets"
may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_CATALOGUE)
may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)


@require_safe
@may_view
def market_list(request: PortalRequest) -> HttpResponse:
    """Show the markets, with how much there is in each, and which countries are in none."""
    markets, population = list(list_markets()), count_population(request.actor)
    context = {
        "rows": make_market_rows(markets, population),
        "unplaced": list_unplaced_countries(markets, population),
    }
    return render_catalogue_page(request, TAB, "marketplace/catalogue_markets.html", context)


@require_safe
@may_view
def market_page(request: PortalRequest, market_id: UUID) -> HttpResponse:
    """Show the currencies of a market, and its countries: with `q` or `currency` those that match."""
    market = get_market(market_id)
    countries = make_country_rows(market, count_population(request.actor))
    currencies = make_currency_rows(market, count_priced_plans(request.actor, market))
    search = CountrySearch(request.GET.get("q", "").strip(), request.GET.get("currency", ""))
    context = {
        "market": market,
        "countries": countries,
        "search": search,
        "found": search.find(countries),
        "currencies": currencies,
        "currency_choices": [(row.code, row.code) for row in currencies],
        "is_used": bool(countries) or any(row.plans for row in currencies),
    }
    return render_catalogue_page(request, TAB, "marketplace/catalogue_market.html", context)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def market_new(request: PortalRequest) -> HttpResponse:
    """Ask for the code, the names and the first currency of a new market; on POST add it."""
    form = MarketForm(get_posted_data(request))
    words = EntryDialog(
        title=_("Add a market"),
        button=_("Add market"),
        done=_("The market “%(name)s” was added. Now add its countries, one at a time."),
        back=reverse(TAB),
        tab=_("Markets"),
    )

    def save() -> Market:
        data = form.cleaned_data
        return add_market(actor=request.actor, code=data["code"], names=form.names, currency=data["currency"])

    return edit_entry(request, form, save, words)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def market_rename(request: PortalRequest, market_id: UUID) -> HttpResponse:
    """Show the form with the names of a market; on POST store them."""
    market = get_market(market_id)
    form = MarketForm(get_posted_data(request), entry=market)
    words = EntryDialog(
        title=_("Rename the market"),
        button=_("Save names"),
        done=_("“%(name)s” saved."),
        back=reverse("catalogue_market", args=[market.public_id]),
        tab=_("Markets"),
    )

    def save() -> Market:
        return rename_market(actor=request.actor, market=market, names=form.names, revision=form.revision)

    return edit_entry(request, form, save, words)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def market_remove(request: PortalRequest, market_id: UUID) -> HttpResponse:
    """Ask before a market is removed; on POST remove it, if nothing uses it."""
    market = get_market(market_id)
    words = EntryQuestion(
        title=_("Remove the market “%(name)s”?") % {"name": market.local_name},
        text=_(
            "The market will be removed permanently. This is possible only if it has no countries, prices or "
            "stopped sales."
        ),
        button=_("Remove market"),
        done=_("The market “%(name)s” was removed.") % {"name": market.local_name},
        back=reverse(TAB),
        tab=_("Markets"),
        is_danger=True,
    )
    return ask_first(request, lambda _: remove_market(actor=request.actor, market=market), words, market)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def currency_add(request: PortalRequest, market_id: UUID) -> HttpResponse:
    """Ask for a currency; on POST add it to the market, so that plans can be priced in it."""
    market = get_market(market_id)
    form = CurrencyForm(get_posted_data(request))
    words = EntryDialog(
        title=_("Add a currency to %(market)s") % {"market": market.local_name},
        button=_("Add currency"),
        done=_("Plans can now be priced in %(name)s in this market."),
        back=reverse("catalogue_market", args=[market.public_id]),
        tab=_("Markets"),
        hint=_(
            "Publishers will be able to set prices in the new currency immediately. Next, choose it for the "
            "countries that use it."
        ),
    )

    def save() -> str:
        return add_currency(actor=request.actor, market=market, currency=form.cleaned_data["currency"]).currency

    return edit_entry(request, form, save, words)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def currency_remove(request: PortalRequest, market_id: UUID, currency: str) -> HttpResponse:
    """Ask before a currency is taken away from a market; on POST do so, if nothing uses it."""
    market = get_market(market_id)
    named = {"currency": currency, "market": market.local_name}
    words = EntryQuestion(
        title=_("Remove %(currency)s from %(market)s?") % named,
        text=_(
            "Publishers will no longer be able to set prices in this currency in this market. A currency with prices "
            "can’t be removed."
        ),
        button=_("Remove currency"),
        done=_("%(currency)s was removed from %(market)s.") % named,
        back=reverse("catalogue_market", args=[market.public_id]),
        tab=_("Markets"),
        is_danger=True,
    )
    return ask_first(
        request, lambda _: remove_currency(actor=request.actor, market=market, currency=currency), words, market
    )


@require_form
@may_edit
def country_place(request: PortalRequest) -> HttpResponse:
    """Ask into which market a country goes; on POST show what follows, and once that is confirmed, do it."""
    markets = list(list_markets())
    form = CountryForm(get_posted_data(request), markets=markets, initial=request.GET.dict())
    move: CountryMove | None = None
    if request.method == "POST" and "edit" not in request.POST and form.is_valid():
        with show_errors_in_form(form):
            move = check_country_move(request.actor, **form.chosen)
            if "confirm" in request.POST:
                done = place_country(actor=request.actor, **form.chosen, seen=request.POST.get("seen", ""))
                messages.success(request, _describe(done))
                return redirect("catalogue_market", market_id=done.after.public_id)
    context = {"form": form, "move": move, "country": get_country_name(move.country) if move else ""}
    return render_catalogue_page(request, TAB, "marketplace/catalogue_country.html", context)


def _describe(move: CountryMove) -> str:
    named = {"country": get_country_name(move.country), "market": move.after.local_name, "currency": move.currency}
    if move.changes_market:
        return _("%(country)s is now in %(market)s, with prices in %(currency)s.") % named
    return _("%(country)s now has prices in %(currency)s.") % named
