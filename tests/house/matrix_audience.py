"""The permission matrix of the audience and the health of offers, for their publisher."""

from tests.house.answers import api, page

OFFER = "offers/<uuid:offer_id>/"
AUDIENCE = f"{OFFER}audience/"
SPECIFIC = "offers/{offer_specific}/audience/"
SEEN = "200 publisher; 404 else"
EDITED = "200 publisher.admin; 403 publisher.reader; 404 else"
CONFLICTS = EDITED.replace("200", "409")
SAVED = EDITED.replace("200", "302")
# Publishers know who is in the programme, by name and tenant ID.
RESELLERS = [(name, sort) for name in ("partner", "distributor") for sort in ("name", "details")]
OPTION = {"audience": "specific", "revision": "{audience_revision}"}
ISSUE = {"kind": "outage", "text": "It is down."}
TO_REQUEST = "requests/new/<str:kind>/<uuid:subject_id>/"

AUDIENCE_PAGES = [
    page(AUDIENCE, f"/{SPECIFIC}", get=SEEN, post=SAVED, data=OPTION, shows=RESELLERS),
    page(
        f"{AUDIENCE}select/",
        "/offers/{offer}/audience/select/",
        get=EDITED,
        post=SAVED,
        data={"row": "{partner}"},
        shows=RESELLERS,
    ),
    page(f"{AUDIENCE}paste/", f"/{SPECIFIC}paste/", post=EDITED, data={"entries": "Nobody"}, shows=RESELLERS),
    page(f"{AUDIENCE}remove/", f"/{SPECIFIC}remove/", post=SAVED, data={"row": "{distributor}"}),
    page(
        f"{AUDIENCE}sync/",
        f"/{SPECIFIC}sync/",
        get=EDITED,
        post=SAVED,
        data={"revision": "{audience_revision}"},
        shows=RESELLERS,
    ),
    page(f"{OFFER}health/", "/offers/{offer_specific}/health/", get=SEEN, post=SAVED, data=ISSUE),
    page("offers/health/<uuid:issue_id>/", "/offers/health/{issue}/", post=SAVED, data={"text": "Still down."}),
    page(
        "exports/new/",
        post=SEEN,
        data={"list": "audience", "query": "offer={offer_specific}"},
        shows=RESELLERS,
    ),
    page(
        "imports/new/<str:kind_code>/",
        "/imports/new/audience/?target={offer}",
        get=EDITED,
        post="400 publisher.admin; 403 publisher.reader; 404 else",
    ),
    page(TO_REQUEST, "/requests/new/audience.deauthorize/{offer_specific}/", get=EDITED, post=SAVED),
]
AUDIENCE_API = [
    api(AUDIENCE, "offers/{offer}/audience/", get=SEEN, put=EDITED, data={"audience": "any"}),
    api(
        AUDIENCE,
        "offers/{offer_specific}/audience/",
        get=SEEN,
        put=CONFLICTS,
        data={"audience": "specific"},
        shows=[("distributor", "name")],  # which is in the audience, and is named in the address of the request
    ),
    api(f"{AUDIENCE}partners/", "offers/{offer_specific}/audience/partners/", get=SEEN, shows=RESELLERS),
    api(f"{AUDIENCE}sync/", "offers/{offer_specific}/audience/sync/", post=EDITED),
]
