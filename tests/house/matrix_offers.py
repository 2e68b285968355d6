"""The permission matrix of offers: the pages and the API of their publisher."""

from tests.house.answers import api, page

OFFER = "offers/<uuid:offer_id>/"
FILE = "marketplace/files/<uuid:file_id>/"
SEEN = "200 publisher; 404 else"
EDITED = "200 publisher.admin; 403 publisher.reader; 404 else"
SAVED = EDITED.replace("200", "302")
CREATED = EDITED.replace("200", "201")
DELETED = EDITED.replace("200", "204")
CONFLICTS = EDITED.replace("200", "409")
NEW = {"code": "vault", "type": "saas", "pricing_model": "flat"}

OFFER_PAGES = [
    page("products/", get=SEEN),
    page("products/", "/products/?month=2026-11&country=DE&type=sku", get=SEEN),
    page("products/<uuid:product_id>/", "/products/{product}/", get=SEEN),
    page("products/<uuid:product_id>/", "/products/{offer}/", get="404 else"),
    page("exports/new/", post=SEEN, data={"list": "product_figures"}),
    page(
        "lists/<str:list_key>/display/",
        "/lists/products/display/",
        get=SEEN,
        post=SEEN.replace("200", "302"),
        data={"density": "compact"},
    ),
    page("offers/", get=SEEN),
    page("offers/new/", get=EDITED, post=SAVED, data=NEW),
    *(page(f"{OFFER}{tab}", f"/offers/{{offer}}/{tab}", get=SEEN) for tab in ("", "history/", "preview/")),
    page(f"{OFFER}preview/", "/offers/{offer}/preview/?as=partner", get=SEEN),
    page(f"{OFFER}compare/", "/offers/{offer}/compare/?from=1&to=draft", get=SEEN),
    page(f"{OFFER}compare/", "/offers/{offer}/compare/?from=7&to=draft", get="404 else"),
    page(f"{OFFER}files/", "/offers/{offer}/files/", get=SEEN, post=EDITED, data={"add": "logo"}),
    page(f"{OFFER}files/<uuid:file_id>/remove/", "/offers/{offer}/files/{file_draft}/remove/", post=SAVED),
    *(  # the bytes of the files of the cast are lost
        page(FILE, f"/marketplace/files/{{file_{which}}}/", get=answer, defaults="login anonymous; 404 nobody")
        for which, answer in (
            ("logo", "410 else"),
            ("sales", "410 publisher vendor partner distributor; 404 else"),
            ("draft", "410 publisher vendor; 404 else"),
        )
    ),
    page(f"{OFFER}listing/", "/offers/{offer}/listing/", get=SEEN, post=CONFLICTS),
    page(f"{OFFER}plans/", "/offers/{offer}/plans/", get=SEEN, post=EDITED, data={"add_plan": "1"}),
    page(f"{OFFER}technical/", "/offers/{offer}/technical/", get=SEEN, post=CONFLICTS),
    *(
        page(f"{OFFER}{dialog}/", f"/offers/{{offer}}/{dialog}/", get=EDITED, post=CONFLICTS)
        for dialog in ("change", "delete")
    ),
    page(f"{OFFER}discard/", "/offers/{offer}/discard/", get=EDITED, post=CONFLICTS),
    page(f"{OFFER}publish/", "/offers/{offer}/publish/", get=EDITED, post=CONFLICTS),
]
OFFER_API = [
    api("offers/", get=SEEN, post=CREATED, data=NEW),
    api(OFFER, "offers/{offer}/", get=SEEN, put=CONFLICTS, patch=CONFLICTS, delete=CONFLICTS),
    api(
        f"{OFFER}plans/<slug:plan_code>/",
        "offers/{offer}/plans/pro/",
        patch=EDITED,
        delete=DELETED,
        data={"code": "pro"},
    ),
    api(f"{OFFER}files/", "offers/{offer}/files/", get=SEEN, post="415 publisher; 404 else"),
    api(f"{OFFER}files/<uuid:file_id>/", "offers/{offer}/files/{file_draft}/", delete=DELETED),
    api(f"{OFFER}draft/", "offers/{offer}/draft/", delete=DELETED),
    api(f"{OFFER}publish/", "offers/{offer}/publish/", post=EDITED),
    api(f"{OFFER}versions/", "offers/{offer}/versions/", get=SEEN),
    api(f"{OFFER}compare/", "offers/{offer}/compare/?from=live&to=draft", get=SEEN),
    api(
        f"{OFFER}technical/",
        "offers/{offer}/technical/",
        get=SEEN,
        put=EDITED,
        data={"landing_page_url": "", "webhook_url": ""},
    ),
]
