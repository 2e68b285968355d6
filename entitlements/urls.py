from django.urls import path

from entitlements import views
from entitlements.trial_actions import TRIAL_ACTIONS

urlpatterns = [
    path("customers/", views.customers, name="customers"),
    path("customers/<uuid:customer_id>/services/", views.customer_services, name="customer_services"),
    path("customers/<uuid:customer_id>/orders/", views.customer_orders, name="customer_orders"),
    path("customers/<uuid:customer_id>/usage/", views.customer_usage, name="customer_usage"),
    path("customers/<uuid:customer_id>/usage/trend/", views.customer_usage_trend, name="customer_usage_trend"),
    path("usage/", views.usage, name="usage"),
    path("usage/trend/", views.usage_trend, name="usage_trend"),
    path("usage/customers/", views.usage_of_customers, name="usage_of_customers"),
    path("usage/licences/", views.licence_holders, name="licence_holders"),
    path("usage/licences/<uuid:assignment_id>/release/", views.licence_release, name="licence_release"),
    path("usage/licences/<uuid:assignment_id>/keep/", views.licence_keep, name="licence_keep"),
    path("services/", views.services, name="services"),
    path("services/trial/", views.trial_request, name="trial_request"),
    path("orders/", views.orders, name="orders"),
    path("renewals/", views.renewals, name="renewals"),
    path("renewals/calendar/", views.calendar_feed, name="calendar_feed"),
    path("renewals/calendar/revoke/", views.calendar_revoke, name="calendar_revoke"),
    path("calendar/<str:token>.ics", views.calendar_file, name="calendar"),
    path("trials/", views.trials, name="trials"),
    *(
        path(f"trials/<uuid:trial_id>/{name}/", views.trial_action, {"name": name}, name=f"trial_{name}")
        for name in TRIAL_ACTIONS
    ),
    path("releases/", views.releases, name="releases"),
    path("releases/mark/", views.release_mark, name="release_mark"),
    path("releases/reopen/", views.release_reopen, name="release_reopen"),
]
