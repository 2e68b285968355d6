from django.urls import path

from accounts import views

urlpatterns = [
    path("account/edit/", views.account_edit, name="account_edit"),
    path("organizations/new/", views.organization_new, name="organization_new"),
    path("organizations/switch/", views.organization_switch, name="organization_switch"),
    path("operators/", views.operators, name="operators"),
    path("operators/<uuid:operator_id>/roles/", views.operator_roles, name="operator_roles"),
    path("operators/<uuid:operator_id>/remove/", views.operator_remove, name="operator_remove"),
    path("me/", views.preferences, name="preferences"),
]
