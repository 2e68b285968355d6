from django.urls import path

from connections import views

urlpatterns = [
    path("account/", views.account_details_page, name="account_details"),
    path("connections/", views.connected_partners_page, name="connected_partners"),
    path("activity/", views.activity_log_page, name="activity_log"),
    path("activity/<uuid:event_id>/", views.activity_event_page, name="activity_event"),
    path("invite/", views.invitation_link_dialog, name="invite"),
    path("i/<str:token>/", views.invitation_page, name="invitation"),
    path("i/<str:token>/accept/", views.invitation_accept, name="invitation_accept"),
    path("i/<str:token>/decline/", views.invitation_decline, name="invitation_decline"),
    path("connections/<uuid:connection_id>/end/", views.connection_end, name="connection_end"),
    path("connections/<uuid:connection_id>/sharing/", views.connection_sharing_page, name="connection_sharing"),
    path(
        "organizations/<uuid:organization_id>/activity/", views.organization_activity_page, name="organization_activity"
    ),
    path("customers/<uuid:customer_id>/", views.customer_overview_page, name="customer"),
    path("customers/<uuid:customer_id>/activity/", views.customer_activity_page, name="customer_activity"),
]
