from django.urls import path

from connections.api import views

urlpatterns = [
    path("connections/", views.ConnectionListView.as_view(), name="connections"),
    path("connections/accept/", views.AcceptInvitationView.as_view(), name="connection_accept"),
    path("connections/<uuid:connection_id>/", views.ConnectionDetailView.as_view(), name="connection"),
    path("connections/<uuid:connection_id>/sharing/", views.ConnectionSharingView.as_view(), name="connection_sharing"),
    path("connections/<uuid:connection_id>/end/", views.EndConnectionView.as_view(), name="connection_end"),
    path("invitation-link/", views.InvitationLinkView.as_view(), name="invitation_link"),
]
