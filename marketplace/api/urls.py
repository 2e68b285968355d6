from django.urls import path

from marketplace.api import catalogue, files, offers, plans, prices
from marketplace.api.audience import AudienceMembersView, AudienceView, SyncAudienceView

OFFER = "offers/<uuid:offer_id>/"

urlpatterns = [
    path(f"{OFFER}audience/", AudienceView.as_view(), name="offer_audience"),
    path(f"{OFFER}audience/partners/", AudienceMembersView.as_view(), name="offer_audience_partners"),
    path(f"{OFFER}audience/sync/", SyncAudienceView.as_view(), name="offer_audience_sync"),
    path("catalogue/", catalogue.CatalogueView.as_view(), name="catalogue"),
    path("catalogue/price-list/", catalogue.PriceListView.as_view(), name="price_list"),
    path("catalogue/<uuid:offer_id>/", catalogue.CatalogueOfferView.as_view(), name="catalogue_offer"),
    path("eligibility/", catalogue.EligibilityView.as_view(), name="eligibility"),
    path("offers/", offers.OffersView.as_view(), name="offers"),
    path(OFFER, offers.OfferView.as_view(), name="offer"),
    path(f"{OFFER}draft/", offers.OfferDraftView.as_view(), name="offer_draft"),
    path(f"{OFFER}files/", files.OfferFilesView.as_view(), name="offer_files"),
    path(f"{OFFER}files/<uuid:file_id>/", files.OfferFileView.as_view(), name="offer_file"),
    path(f"{OFFER}plans/<slug:plan_code>/", plans.OfferPlanView.as_view(), name="offer_plan"),
    path(f"{OFFER}publish/", offers.PublishOfferView.as_view(), name="offer_publish"),
    path(f"{OFFER}versions/", offers.OfferVersionsView.as_view(), name="offer_versions"),
    path(f"{OFFER}compare/", offers.OfferComparisonView.as_view(), name="offer_compare"),
    path(f"{OFFER}technical/", offers.TechnicalConfigurationView.as_view(), name="offer_technical"),
    path(f"{OFFER}prices/", prices.PricesView.as_view(), name="offer_prices"),
    path(f"{OFFER}prices/<uuid:price_id>/withdraw/", prices.WithdrawPriceView.as_view(), name="price_withdraw"),
    path(f"{OFFER}stops/", prices.SaleStopsView.as_view(), name="offer_stops"),
    path(f"{OFFER}stops/<uuid:stop_id>/lift/", prices.LiftStopView.as_view(), name="stop_lift"),
]
