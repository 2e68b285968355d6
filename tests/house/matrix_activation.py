"""The permission matrix of activation links and of what is open for trial: every address, and who gets which answer."""

from tests.house.answers import READERS, page
from tests.world import SKU_OF_NOBODY

LINK = "activations/<uuid:link_id>/"
HOLDS = "activate/<str:token>/"
OFFERS = "trials/offers/"
OFFER = f"{OFFERS}<uuid:offer_id>/"
BADGED = "partner partner2 distributor distributor2 vendor"
ABOVE = "distributor distributor2 vendor"
OTHERS = "403 lapsed nobadge; 404 else"  # partners without a badge are told which, other kinds nothing
NO_SENDERS = f"403 {READERS} distributor.reader vendor.reader"  # of those whose organisation sends links
NO_PARTNER_SENDERS = "403 distributor.reader vendor.reader"
INVITED = {
    "partner": [("partner", "activations"), ("partner", "name"), ("partner", "details"), ("distributor", "name")],
    "distributor": [("distributor", "activations"), ("distributor", "name"), ("distributor", "details")],
}
STAFF, STAFF_BY_FORM = "200 vendor.admin; 403 vendor.reader; 404 else", "302 vendor.admin; 403 vendor.reader; 404 else"
NEW_CUSTOMER = {
    "name": "New", "email": "new@firm.example", "country": "FR", "language": "en", "sku": SKU_OF_NOBODY, "seats": "2",
    "partner": "",
}  # fmt: skip
NEW_PARTNER = {
    "name": "New", "email": "new@firm.example", "country": "FR", "language": "en", "program": "solution_advisor",
}  # fmt: skip

ACTIVATION_PAGES = [
    page("customers/pending/", get=f"200 {BADGED}; {OTHERS}"),
    page("customers/pending/", "/customers/pending/?state=ended&q=q", get=f"200 {BADGED}; {OTHERS}"),
    page("partners/pending/", get=f"200 {ABOVE}; 404 else"),
    page("partners/pending/", "/partners/pending/?state=unconfirmed", get=f"200 {ABOVE}; 404 else"),
    page(
        "activations/<str:kind>/new/",
        "/activations/customers/new/",
        get=f"{NO_SENDERS}; 200 {BADGED}; {OTHERS}",
        post=f"{NO_SENDERS}; 302 partner partner2 vendor; 200 distributor distributor2; {OTHERS}",
        data=NEW_CUSTOMER,  # without the partner that a distributor must name
    ),
    page(
        "activations/<str:kind>/new/",
        "/activations/partners/new/",
        get=f"{NO_PARTNER_SENDERS}; 200 {ABOVE}; 404 else",
        post=f"{NO_PARTNER_SENDERS}; 302 {ABOVE}; 404 else",
        data=NEW_PARTNER,
    ),
    page(
        "activations/<str:kind>/new/",
        "/activations/others/new/",
        get="404 else",
        post="404 else",
        defaults="login anonymous",
    ),
    page(
        LINK, "/activations/{link_partner}/", get="200 partner vendor; 404 else", defaults="login anonymous; 404 nobody"
    ),
    page(
        LINK,
        "/activations/{link_distributor}/",
        get="200 distributor vendor; 404 else",
        defaults="login anonymous; 404 nobody",
    ),
    *(
        page(
            f"{LINK}{action}/",
            f"/activations/{{link_partner}}/{action}/",
            get=f"403 {READERS} vendor.reader; 200 partner vendor.admin; 404 else",
            post=f"403 {READERS} vendor.reader; {done} partner; 404 else",
            data=data,
            defaults="login anonymous; 404 nobody",
        )
        for action, done, data in (
            ("resend", 302, {}),
            ("copy", 200, {}),
            ("revoke", 302, {"reason": "No"}),
            ("change", 302, NEW_CUSTOMER),
        )
    ),
    page(
        f"{LINK}confirm/",
        "/activations/{link_distributor}/confirm/",
        get=STAFF,
        post=STAFF,
        data={"program": "solution_advisor"},
    ),
    page(
        f"{LINK}decline/",
        "/activations/{link_distributor}/decline/",
        get=STAFF,
        post=STAFF,
        data={"reason": "No"},
    ),
    *(
        page(HOLDS, f"/activate/{{activation_{name}}}/", get="200 else", defaults="", shows=shown)
        for name, shown in INVITED.items()
    ),
    page(HOLDS, "/activate/unknown/", get="404 else", defaults=""),
    page(f"{HOLDS}open/", "/activate/{activation_partner}/open/", post="302 else", defaults=""),
    page(f"{HOLDS}open/", "/activate/unknown/open/", post="404 else", defaults=""),
    page(
        f"{HOLDS}accept/",
        "/activate/{activation_partner}/accept/",
        post="login anonymous; 200 else",
        defaults="",
        shows=INVITED["partner"],
    ),
    page(f"{HOLDS}accept/", "/activate/unknown/accept/", post="login anonymous; 404 else", defaults=""),
    page("exports/new/", post=f"200 {BADGED}; {OTHERS}", data={"list": "pending_customers"}),
    page("exports/new/", post=f"200 {ABOVE}; 404 else", data={"list": "pending_partners"}),
    page(
        "imports/bulk/<str:action_code>/",
        "/imports/bulk/resend_customers/",
        post=f"{NO_SENDERS}; 302 {BADGED}; {OTHERS}",
        data={"what": "ticked"},
    ),
    page(
        "imports/bulk/<str:action_code>/",
        "/imports/bulk/resend_partners/",
        post=f"{NO_PARTNER_SENDERS}; 302 {ABOVE}; 404 else",
        data={"what": "ticked"},
    ),
    *(
        page("imports/new/<str:kind_code>/", f"/imports/new/{code}/", get=get, post=get.replace("200", "400"))
        for code, get in (
            ("activation_links", f"{NO_SENDERS}; 200 {BADGED}; {OTHERS}"),
            ("partner_links", f"{NO_PARTNER_SENDERS}; 200 {ABOVE}; 404 else"),
        )
    ),
    page(OFFERS, get="200 vendor; 404 else"),
    page(
        f"{OFFERS}new/",
        get=STAFF,
        post=STAFF_BY_FORM,
        data={"sku": "{sku_unoffered}", "seat_limit": "5", "audience": "all"},
    ),
    page(
        OFFER,
        "/trials/offers/{trial_offer}/",
        get=STAFF,
        post=STAFF_BY_FORM,
        data={"seat_limit": "5", "audience": "all", "revision": "1"},
    ),
    page(
        f"{OFFER}withdraw/",
        "/trials/offers/{trial_offer}/withdraw/",
        get=STAFF,
        post=STAFF_BY_FORM,
        data={"revision": "1"},
    ),
]
