from django.urls import path

from marketplace.views import categories, markets, qualifications
from marketplace.views.audience import audience, audience_paste, audience_remove, audience_select, audience_sync
from marketplace.views.catalogue import catalogue, catalogue_choose, catalogue_offer, contact_publisher
from marketplace.views.editor import offer_listing, offer_plans
from marketplace.views.files import offer_file, offer_file_remove, offer_files
from marketplace.views.health import health_update, offer_health
from marketplace.views.offers import offer_create, offer_list, offer_overview, offer_technical
from marketplace.views.preview import offer_preview
from marketplace.views.prices import offer_prices, price_change, price_history, price_withdraw
from marketplace.views.products import product_list, product_page
from marketplace.views.publishing import offer_compare, offer_discard, offer_history, offer_publish
from marketplace.views.simulator import simulator
from marketplace.views.skus import sku_list, sku_publisher
from marketplace.views.stops import stop_lift, stop_new
from marketplace.views.storefront import ask_partner, storefront, storefront_offer
from marketplace.views.unpublished import offer_change, offer_delete
from marketplace.views.vendor import all_offers, vendor_offer

OFFER = "offers/<uuid:offer_id>/"
SETTINGS = "marketplace/settings/"
MARKET = f"{SETTINGS}markets/<uuid:market_id>/"
CATEGORY = f"{SETTINGS}categories/<uuid:category_id>/"

urlpatterns = [
    path("offers/", offer_list, name="offers"),
    path("offers/new/", offer_create, name="offer_new"),
    path(OFFER, offer_overview, name="offer"),
    path(f"{OFFER}audience/", audience, name="offer_audience"),
    path(f"{OFFER}audience/select/", audience_select, name="offer_audience_select"),
    path(f"{OFFER}audience/paste/", audience_paste, name="offer_audience_paste"),
    path(f"{OFFER}audience/remove/", audience_remove, name="offer_audience_remove"),
    path(f"{OFFER}audience/sync/", audience_sync, name="offer_audience_sync"),
    path(f"{OFFER}files/", offer_files, name="offer_files"),
    path(f"{OFFER}files/<uuid:file_id>/remove/", offer_file_remove, name="offer_file_remove"),
    path("marketplace/files/<uuid:file_id>/", offer_file, name="offer_file"),
    path(f"{OFFER}listing/", offer_listing, name="offer_listing"),
    path(f"{OFFER}plans/", offer_plans, name="offer_plans"),
    path(f"{OFFER}technical/", offer_technical, name="offer_technical"),
    path(f"{OFFER}health/", offer_health, name="offer_health"),
    path("offers/health/<uuid:issue_id>/", health_update, name="health_update"),
    path(f"{OFFER}history/", offer_history, name="offer_history"),
    path(f"{OFFER}compare/", offer_compare, name="offer_compare"),
    path(f"{OFFER}preview/", offer_preview, name="offer_preview"),
    path(f"{OFFER}change/", offer_change, name="offer_change"),
    path(f"{OFFER}delete/", offer_delete, name="offer_delete"),
    path(f"{OFFER}discard/", offer_discard, name="offer_discard"),
    path(f"{OFFER}publish/", offer_publish, name="offer_publish"),
    path("products/", product_list, name="products"),
    path("products/<uuid:product_id>/", product_page, name="product"),
    path("marketplace/offers/", catalogue, name="catalogue"),
    path("marketplace/offers/choose/", catalogue_choose, name="catalogue_choose"),
    path("marketplace/offers/<uuid:offer_id>/", catalogue_offer, name="catalogue_offer"),
    path("marketplace/offers/<uuid:offer_id>/contact/", contact_publisher, name="contact_publisher"),
    path("marketplace/", storefront, name="storefront"),
    path("marketplace/<uuid:offer_id>/", storefront_offer, name="storefront_offer"),
    path("marketplace/<uuid:offer_id>/ask/", ask_partner, name="ask_partner"),
    path("marketplace/all/", all_offers, name="all_offers"),
    path("marketplace/all/<uuid:offer_id>/", vendor_offer, name="vendor_offer"),
    path(SETTINGS, markets.market_list, name="catalogue_markets"),
    path(f"{SETTINGS}markets/new/", markets.market_new, name="catalogue_market_new"),
    path(MARKET, markets.market_page, name="catalogue_market"),
    path(f"{MARKET}rename/", markets.market_rename, name="catalogue_market_rename"),
    path(f"{MARKET}remove/", markets.market_remove, name="catalogue_market_remove"),
    path(f"{MARKET}currencies/add/", markets.currency_add, name="catalogue_currency_add"),
    path(f"{MARKET}currencies/<str:currency>/remove/", markets.currency_remove, name="catalogue_currency_remove"),
    path(f"{SETTINGS}countries/", markets.country_place, name="catalogue_country"),
    path(f"{SETTINGS}categories/", categories.category_list, name="catalogue_categories"),
    path(f"{SETTINGS}categories/new/", categories.category_new, name="catalogue_category_new"),
    path(CATEGORY, categories.category_edit, name="catalogue_category"),
    path(f"{CATEGORY}move/", categories.category_move, name="catalogue_category_move"),
    path(f"{CATEGORY}retire/", categories.category_retire, name="catalogue_category_retire"),
    path(f"{CATEGORY}remove/", categories.category_remove, name="catalogue_category_remove"),
    *(
        path(f"{SETTINGS}{kind}/{where}", view, {"kind": kind}, name=f"catalogue_{name.format(kind)}")
        for kind in qualifications.MODELS
        for where, view, name in (
            ("", qualifications.qualification_list, "{}"),
            ("new/", qualifications.qualification_new, "{}_new"),
            ("<uuid:entry_id>/", qualifications.qualification_rename, "{}_rename"),
            ("<uuid:entry_id>/retire/", qualifications.qualification_retire, "{}_retire"),
        )
    ),
    path(f"{SETTINGS}skus/", sku_list, name="catalogue_skus"),
    path(f"{SETTINGS}skus/publisher/", sku_publisher, name="catalogue_sku_publisher"),
    path("marketplace/simulator/", simulator, name="simulator"),
    path(f"{OFFER}prices/", offer_prices, name="offer_prices"),
    path(f"{OFFER}prices/<slug:plan_code>/change/", price_change, name="price_change"),
    path(f"{OFFER}prices/<slug:plan_code>/history/", price_history, name="price_history"),
    path(f"{OFFER}prices/<uuid:price_id>/withdraw/", price_withdraw, name="price_withdraw"),
    path(f"{OFFER}stops/new/", stop_new, name="stop_new"),
    path(f"{OFFER}stops/<uuid:stop_id>/lift/", stop_lift, name="stop_lift"),
]
