"""The permission matrix of what the vendor's staff manage: organisations of every kind, programmes and feeds."""

from tests.house.answers import page

ORGANIZATION = "organizations/<uuid:organization_id>/"
STAFF = "200 vendor; 404 else"
ADMINS = "200 vendor.admin; 403 vendor.reader; 404 else"
DONE = "302 vendor.admin; 403 vendor.reader; 404 else"
IN_FORM = "200 vendor.admin; 403 vendor.reader; 404 else"  # with what is wrong or follows
NEW = {"public_id": "11111111-1111-4111-8111-111111111111", "name": "Registered", "country": "FR"}
FOR_PARTNERS = (  # what is done with a partner: the data of the form, and the answer
    ("correct", {"seen": "{seen_identity}", "name": "Right", "country": "FR", "tenant_id": NEW["public_id"]}, DONE),
    ("domain", {"seen": "{seen_domains}", "name": "confirmed.example"}, DONE),
    ("manager", {"seen": "{seen_account_manager}", "operator": ""}, DONE),
    ("grant", {"seen": "{seen_memberships}", "program": "solution_advisor", "starts_on": "2030-01-01"}, DONE),
    ("extend", {"seen": "{seen_memberships}", "program": "service_provider", "ends_on": "2040-01-01"}, DONE),
    ("end", {"seen": "{seen_memberships}", "program": "service_provider", "ends_on": "2040-01-01"}, DONE),
    ("qualify", {"seen": "{seen_qualifications}", "skills": ["training"]}, DONE),
    ("move", {"seen": "{seen_parent}", "distributor": "{distributor2}"}, IN_FORM),
    ("move", {"seen": "{seen_parent}", "distributor": "{distributor2}", "previewed": "{distributor2}"}, DONE),
    ("suspend", {"seen": "{seen_state}", "reason": "Unpaid"}, DONE),
)

STAFF_PAGES = [
    *(
        page(f"{ORGANIZATION}{tab}", f"/organizations/{{{name}}}/{tab}", get=STAFF)
        for tab in ("", "operators/", "memberships/", "services/", "activity/")
        for name in ("partner", "distributor", "customer", "publisher")
    ),
    page(f"{ORGANIZATION}orders/", "/organizations/{customer}/orders/", get=STAFF),
    page("exports/new/", post="200 vendor; 404 else", data={"list": "all_customers"}),
    *(
        page(f"{ORGANIZATION}{action}/", f"/organizations/{{partner}}/{action}/", get=ADMINS, post=answer, data=data)
        for action, data, answer in FOR_PARTNERS
    ),
    page(
        f"{ORGANIZATION}onboard/",
        "/organizations/{distributor}/onboard/",
        get=ADMINS,
        post=DONE,
        data={"seen": "{seen_by_distributor}", "at_once": "on"},
    ),
    page(
        f"{ORGANIZATION}invite/",
        "/organizations/{partner}/invite/",
        get="409 vendor.admin; 403 vendor.reader; 404 else",
        post="409 vendor.admin; 403 vendor.reader; 404 else",
    ),
    page(
        f"{ORGANIZATION}withdraw/",
        "/organizations/{partner}/withdraw/",
        get="409 vendor.admin; 403 vendor.reader; 404 else",
        post="409 vendor.admin; 403 vendor.reader; 404 else",
    ),
    page(
        f"{ORGANIZATION}reactivate/",
        "/organizations/{partner}/reactivate/",
        get="409 vendor.admin; 403 vendor.reader; 404 else",
        post="409 vendor.admin; 403 vendor.reader; 404 else",
    ),
    page(
        f"{ORGANIZATION}suspend/",
        "/organizations/{vendor}/suspend/",
        get="409 vendor.admin; 403 vendor.reader; 404 else",
        post="409 vendor.admin; 403 vendor.reader; 404 else",
    ),
    *(
        page("organizations/register/<str:kind>/", f"/organizations/register/{kind}/", get=ADMINS, post=DONE, data=NEW)
        for kind in ("distributor", "partner", "publisher", "customer")
    ),
    page(
        "organizations/register/<str:kind>/",
        "/organizations/register/vendor/",
        get="403 vendor.reader; 404 else",
        post="403 vendor.reader; 404 else",
        data=NEW,
    ),
    *(page("exports/new/", post="200 vendor; 404 else", data={"list": key}) for key in ("publishers", "memberships")),
    page("publishers/", get=STAFF),
    page("programmes/", get=STAFF),
    page("programmes/", "/programmes/?program=csp&state=active", get=STAFF),
    page("feeds/", get=STAFF),
    page("feeds/uploads/<uuid:upload_id>/", "/feeds/uploads/{upload}/", get=STAFF),
    page("feeds/tokens/new/", get=ADMINS, post=IN_FORM, data={"name": "A system", "kinds": ["usage"]}),
    page("feeds/tokens/<uuid:token_id>/revoke/", "/feeds/tokens/{feed_token}/revoke/", get=ADMINS, post=DONE),
    *(
        page(
            f"lists/<str:list_key>/{path}",
            f"/lists/{key}/{path}",
            get=answer,
            post=answer.replace("200", "302"),
            data=data,
        )
        for key in ("publishers", "all_customers", "memberships", "uploads")
        for path, data, answer in (
            ("display/", {"density": "compact"}, "200 vendor; 404 else"),
            ("views/new/", {"name": "New"}, "200 vendor; 404 else"),
        )
    ),
]
