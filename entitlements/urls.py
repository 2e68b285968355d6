from django.urls import path

from entitlements import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("customers/", views.customers, name="customers"),
    path("customers/<uuid:customer_id>/", views.customer, name="customer"),
    path("customers/<uuid:customer_id>/services/", views.customer_services, name="customer_services"),
    path("customers/<uuid:customer_id>/orders/", views.customer_orders, name="customer_orders"),
    path("customers/<uuid:customer_id>/activity/", views.customer_activity, name="customer_activity"),
    path("services/", views.services, name="services"),
    path("orders/", views.orders, name="orders"),
]
