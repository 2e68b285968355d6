from django.urls import path

from marketplace.views.offers import offer_create, offer_list, offer_overview

OFFER = "offers/<uuid:offer_id>/"

urlpatterns = [
    path("offers/", offer_list, name="offers"),
    path("offers/new/", offer_create, name="offer_new"),
    path(OFFER, offer_overview, name="offer"),
]
