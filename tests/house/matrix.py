"""The permission matrix, by hand: every address, and who gets which answer. `answers` says how to read one."""

from tests.house.answers import sign_in
from tests.house.matrix_activation import ACTIVATION_PAGES
from tests.house.matrix_api import API, API_HELP
from tests.house.matrix_audience import AUDIENCE_API, AUDIENCE_PAGES
from tests.house.matrix_catalogue import CATALOGUE_API, CATALOGUE_PAGES
from tests.house.matrix_offers import OFFER_API, OFFER_PAGES
from tests.house.matrix_pages import PAGES
from tests.house.matrix_prices import PRICE_API, PRICE_PAGES
from tests.house.matrix_staff import STAFF_PAGES

FOR_GUESTS = "200 anonymous; 302 else"
FOR_PERSONS = "login anonymous; any else"
SIGN_IN = [
    sign_in("login/", get=FOR_GUESTS, post=FOR_GUESTS),
    sign_in("signup/", get=FOR_GUESTS, post=FOR_GUESTS),
    sign_in("password/reset/", get="200 else", post="200 else"),
    *(sign_in(f"{name}/") for name in ("logout", "inactive", "confirm-email", "login/code/confirm")),
    *(sign_in(f"password/reset/{name}/") for name in ("done", "key/done")),
    sign_in(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", "password/reset/key/1-set-password/"),
    *(
        sign_in(f"{name}/", get=FOR_PERSONS, post=FOR_PERSONS)
        for name in ("reauthenticate", "email", "password/change", "password/set", "two-factor", "sessions")
    ),
    *(sign_in(f"two-factor/{name}/") for name in ("authenticate", "webauthn/login")),
    *(
        sign_in(f"two-factor/{name}/", get=FOR_PERSONS, post=FOR_PERSONS)
        for name in (
            "reauthenticate",
            "totp/activate",
            "totp/deactivate",
            "recovery-codes",
            "recovery-codes/generate",
            "recovery-codes/download",
            "webauthn",
            "webauthn/add",
            "webauthn/reauthenticate",
        )
    ),
    *(
        sign_in(
            f"two-factor/webauthn/keys/<int:pk>/{action}/", f"two-factor/webauthn/keys/1/{action}/", get=FOR_PERSONS
        )
        for action in ("edit", "remove")
    ),
]

MATRIX = [
    *(*PAGES, *STAFF_PAGES, *ACTIVATION_PAGES, *OFFER_PAGES, *AUDIENCE_PAGES, *PRICE_PAGES, *CATALOGUE_PAGES, *SIGN_IN),
    *(*API, *OFFER_API, *AUDIENCE_API, *PRICE_API, *CATALOGUE_API, *API_HELP),
]
