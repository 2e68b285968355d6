from django.urls import path

from entitlements.api import views

urlpatterns = [
    path("customers/", views.CustomersView.as_view(), name="customers"),
    path("customers/<uuid:customer_id>/", views.CustomerView.as_view(), name="customer"),
    path(
        "customers/<uuid:customer_id>/entitlements/",
        views.CustomerEntitlementsView.as_view(),
        name="customer_entitlements",
    ),
    path("customers/<uuid:customer_id>/orders/", views.CustomerOrdersView.as_view(), name="customer_orders"),
]
