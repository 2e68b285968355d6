from django.urls import path

from accounts.api import views

urlpatterns = [
    path("organizations/", views.OrganizationListView.as_view(), name="organizations"),
    path(
        "organizations/<uuid:organization_id>/act-for/",
        views.SwitchOrganizationView.as_view(),
        name="organization_act_for",
    ),
]
