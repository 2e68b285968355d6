"""The permission matrix of published offers: the catalogue, the storefront, the vendor's pages and the simulator."""

from tests.house.answers import api, page
from tests.house.machine import Row
from tests.world import KINDS

OFFER = "<uuid:offer_id>/"
NOT_RESELLERS = "partner2 distributor2 lapsed nobadge"  # who are in no programme that sells
RESELLERS = f"200 partner distributor; 403 {NOT_RESELLERS}; 404 else"
WRITERS = "partner.admin partner.admin_agent partner.sales_agent partner.sales_agent_with_finance"
MAY_WRITE = f"{WRITERS} distributor.admin distributor.admin_agent"
CUSTOMERS = "200 customer customer2 ended stranger many@customer; 404 else"
ADMINS = "customer.admin customer2.admin ended.admin stranger.admin"
STAFF = "200 vendor; 404 else"
ASKERS = f"200 partner distributor publisher vendor; 403 {NOT_RESELLERS}; 404 else"
PUBLISHER = [("publisher", "name")]  # whose names everybody may find
SKUS = [*PUBLISHER, *((name, sort) for name in KINDS for sort in ("skus", "usage"))]  # of the vendor's catalogue
# Publishers know who is in the programme, by name and ORGID; nobody else sees another there.
SIMULATED = [*PUBLISHER, *((name, sort) for name in ("partner", "distributor") for sort in ("name", "details"))]
MESSAGE = {"message": "How?", "reply_to": "a@example.com"}

CATALOGUE_PAGES = [
    page("marketplace/offers/", get=RESELLERS, shows=PUBLISHER),
    page(
        "marketplace/offers/", "/marketplace/offers/?customer={customer}&sellable=true", get=RESELLERS, shows=PUBLISHER
    ),
    page("marketplace/offers/", "/marketplace/offers/?customer={stranger}", get=RESELLERS, shows=PUBLISHER),
    page("marketplace/offers/choose/", get=RESELLERS),
    page(f"marketplace/offers/{OFFER}", "/marketplace/offers/{offer}/", get=RESELLERS, shows=PUBLISHER),
    page(
        f"marketplace/offers/{OFFER}contact/",
        "/marketplace/offers/{offer}/contact/",
        get=f"200 {MAY_WRITE}; 403 partner distributor {NOT_RESELLERS}; 404 else",
        post=f"302 {MAY_WRITE}; 403 partner distributor {NOT_RESELLERS}; 404 else",
        data=MESSAGE,
        shows=PUBLISHER,
    ),
    page("marketplace/", get=CUSTOMERS, shows=PUBLISHER),
    page(f"marketplace/{OFFER}", "/marketplace/{offer}/", get=CUSTOMERS, shows=PUBLISHER),
    page(
        f"marketplace/{OFFER}ask/",
        "/marketplace/{offer}/ask/",
        get=f"200 {ADMINS}; 403 customer many@customer; 404 else",
        post=f"302 customer.admin; 200 {ADMINS}; 403 customer many@customer; 404 else",
        data={"connection": "{connection}", "message": "How?"},
    ),
    page("marketplace/all/", get=STAFF, shows=PUBLISHER),
    page(f"marketplace/all/{OFFER}", "/marketplace/all/{offer}/", get=STAFF, shows=PUBLISHER),
    page("marketplace/simulator/", get=ASKERS, shows=SIMULATED),
    page("exports/new/", post=RESELLERS, data={"list": "price_list"}, shows=PUBLISHER),
]
CATALOGUE_API = [
    api("catalogue/", get=RESELLERS, shows=PUBLISHER),
    api(
        "catalogue/",
        "catalogue/?for_customer={customer}",
        get=f"200 partner; 403 {NOT_RESELLERS}; 404 else",
        shows=PUBLISHER,
    ),
    api("catalogue/price-list/", get=RESELLERS, shows=PUBLISHER),
    api(f"catalogue/{OFFER}", "catalogue/{offer}/", get=RESELLERS, shows=PUBLISHER),
    api(
        "eligibility/",
        "eligibility/?plan={plan}",
        get=f"200 partner distributor; 400 publisher vendor; 403 {NOT_RESELLERS}; 404 else",
        shows=SIMULATED,
    ),
]
SETTINGS = "marketplace/settings/"
MARKET = f"{SETTINGS}markets/<uuid:market_id>/"
EDITORS = "200 vendor.admin; 403 vendor.reader; 404 else"
REFUSED_IN_FORM = EDITORS  # with what is missing
DONE = EDITORS.replace("200", "302")
STALE = EDITORS.replace("200", "409")


def _entry(kind: str, name: str, field: str) -> list[Row]:
    """The rows of what is done to one entry of a catalogue."""
    own, at = f"{SETTINGS}{kind}/<uuid:{field}>/", f"/{SETTINGS}{kind}/{{{name}}}/"
    return [
        page(f"{SETTINGS}{kind}/", get=STAFF),
        page(f"{SETTINGS}{kind}/new/", get=EDITORS, post=REFUSED_IN_FORM),
        page(own, at, get=EDITORS, post=REFUSED_IN_FORM),
        page(f"{own}retire/", f"{at}retire/", get=EDITORS, post=DONE, data={"revision": "1"}),
        page(f"{own}retire/", f"{at}retire/", get=EDITORS, post=STALE, data={"revision": "7"}),
    ]


CATALOGUE_SETTINGS = [
    page(SETTINGS, get=STAFF),
    page(
        f"{SETTINGS}markets/new/",
        get=EDITORS,
        post=DONE,
        data={"code": "moon", "name_en": "Moon", "currency": "EUR"},
    ),
    page(MARKET, f"/{SETTINGS}markets/{{market}}/", get=STAFF),
    page(
        f"{MARKET}rename/",
        f"/{SETTINGS}markets/{{market}}/rename/",
        get=EDITORS,
        post=DONE,
        data={"name_en": "Old World", "revision": "1"},
    ),
    page(f"{MARKET}remove/", f"/{SETTINGS}markets/{{market}}/remove/", get=EDITORS, post=STALE),
    page(
        f"{MARKET}currencies/add/",
        f"/{SETTINGS}markets/{{market}}/currencies/add/",
        get=EDITORS,
        post=DONE,
        data={"currency": "PLN"},
    ),
    page(
        f"{MARKET}currencies/<str:currency>/remove/",
        f"/{SETTINGS}markets/{{market}}/currencies/EUR/remove/",
        get=EDITORS,
        post=STALE,
    ),
    page(
        f"{SETTINGS}countries/",
        get=EDITORS,
        post=REFUSED_IN_FORM,
        data={"country": "FR", "market": "japan", "currency": "JPY"},
    ),
    page(
        f"{SETTINGS}categories/<uuid:category_id>/move/",
        f"/{SETTINGS}categories/{{category}}/move/",
        post=DONE,
        data={"move": "up", "revision": "1"},
    ),
    page(
        f"{SETTINGS}categories/<uuid:category_id>/remove/",
        f"/{SETTINGS}categories/{{category}}/remove/",
        get=EDITORS,
        post=STALE,
        data={"revision": "1"},
    ),
    page(f"{SETTINGS}skus/", get=STAFF, shows=SKUS),
    page(
        f"{SETTINGS}skus/publisher/",
        f"/{SETTINGS}skus/publisher/?sku={{sku_vendor}}",
        get=EDITORS,
        post=DONE,
        data={"sku": "{sku_vendor}", "seen": ""},
        shows=PUBLISHER,
    ),
    page(
        f"{SETTINGS}skus/publisher/",
        f"/{SETTINGS}skus/publisher/?sku=none",
        get="403 vendor.reader; 404 else",
        post="403 vendor.reader; 404 else",
    ),
    *_entry("categories", "category", "category_id"),
    *_entry("competencies", "competency", "entry_id"),
    *_entry("skills", "skill", "entry_id"),
]
CATALOGUE_PAGES += CATALOGUE_SETTINGS
