from django.urls import path

from marketplace.views.audience import audience, audience_paste, audience_remove, audience_select, audience_sync
from marketplace.views.offers import offer_create, offer_list, offer_overview

OFFER = "offers/<uuid:offer_id>/"

urlpatterns = [
    path("offers/", offer_list, name="offers"),
    path("offers/new/", offer_create, name="offer_new"),
    path(OFFER, offer_overview, name="offer"),
    path(f"{OFFER}audience/", audience, name="offer_audience"),
    path(f"{OFFER}audience/select/", audience_select, name="offer_audience_select"),
    path(f"{OFFER}audience/paste/", audience_paste, name="offer_audience_paste"),
    path(f"{OFFER}audience/remove/", audience_remove, name="offer_audience_remove"),
    path(f"{OFFER}audience/sync/", audience_sync, name="offer_audience_sync"),
]
