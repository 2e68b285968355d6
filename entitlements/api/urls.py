from django.urls import path

from entitlements.api import usage, views

urlpatterns = [
    path("customers/", views.CustomersView.as_view(), name="customers"),
    path("customers/<uuid:customer_id>/", views.CustomerView.as_view(), name="customer"),
    path(
        "customers/<uuid:customer_id>/entitlements/",
        views.CustomerEntitlementsView.as_view(),
        name="customer_entitlements",
    ),
    path("customers/<uuid:customer_id>/usage/", usage.CustomerUsageView.as_view(), name="customer_usage"),
    path("usage/", usage.OwnUsageView.as_view(), name="usage"),
    path("customers/<uuid:customer_id>/orders/", views.CustomerOrdersView.as_view(), name="customer_orders"),
]
