from django.urls import path

from marketplace.api.audience import AudienceMembersView, AudienceView, SyncAudienceView

OFFER = "offers/<uuid:offer_id>/"

urlpatterns = [
    path(f"{OFFER}audience/", AudienceView.as_view(), name="offer_audience"),
    path(f"{OFFER}audience/partners/", AudienceMembersView.as_view(), name="offer_audience_partners"),
    path(f"{OFFER}audience/sync/", SyncAudienceView.as_view(), name="offer_audience_sync"),
]
