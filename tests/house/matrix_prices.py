"""The permission matrix of the prices of offers, and of stops of their sale."""

from partnerportal.lib.days import today
from tests.house.answers import api, page

OFFER = "offers/<uuid:offer_id>/"
PRICE = f"{OFFER}prices/<uuid:price_id>/withdraw/"
SEEN = "200 publisher; 404 else"
EDITED = "200 publisher.admin; 403 publisher.reader; 404 else"
CREATED = EDITED.replace("200", "201")
CONFLICTS = EDITED.replace("200", "409")
LIFTED = "200 publisher.admin; 403 publisher vendor; 404 else"  # by whom it was stopped
STOPPED = "200 publisher.admin vendor.admin; 403 publisher vendor; 404 else"
CHANGE = {
    "plan": "pro", "market": "europe", "currency": "EUR", "term": "P1M", "billing": "P1M", "amount": "5.00",
    "valid_from": f"{today()}",
}  # fmt: skip
REASON = {"reason": "Recall"}

PRICE_PAGES = [
    page(f"{OFFER}prices/", "/offers/{offer}/prices/", get=SEEN),
    page(f"{OFFER}prices/<slug:plan_code>/history/", "/offers/{offer}/prices/basic/history/", get=SEEN),
    page(
        f"{OFFER}prices/<slug:plan_code>/change/",
        "/offers/{offer}/prices/basic/change/",
        get=EDITED,
        post=EDITED,
        data={"valid_from": "2001-01-01", "step": "publish"},
    ),
    page(PRICE, "/offers/{offer}/prices/{price}/withdraw/", get=EDITED, post=CONFLICTS),
    page(
        f"{OFFER}stops/new/",
        "/offers/{offer}/stops/new/",
        get=STOPPED,
        post=STOPPED.replace("200", "302"),
        data=REASON,
    ),
    page(
        f"{OFFER}stops/<uuid:stop_id>/lift/",
        "/offers/{offer}/stops/{stop}/lift/",
        get=STOPPED,
        post=LIFTED.replace("200", "302"),
    ),
]
PRICE_API = [
    api(
        f"{OFFER}prices/",
        "offers/{offer}/prices/",
        get="404 customer customer2 ended stranger many@customer; 200 else",
        post=CREATED,
        data={"changes": [CHANGE]},
    ),
    api(PRICE, "offers/{offer}/prices/{price}/withdraw/", post=CONFLICTS),
    api(
        f"{OFFER}stops/",
        "offers/{offer}/stops/",
        get="200 publisher vendor; 404 else",
        post=STOPPED.replace("200", "201"),
        data=REASON,
    ),
    api(f"{OFFER}stops/<uuid:stop_id>/lift/", "offers/{offer}/stops/{stop}/lift/", post=LIFTED),
]
