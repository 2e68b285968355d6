from django.urls import path

from entitlements.trial_actions import TRIAL_ACTIONS
from entitlements.views.customers import customer_orders, customer_services, customers
from entitlements.views.holders import licence_holders, licence_keep, licence_release
from entitlements.views.own import orders, services
from entitlements.views.releases import mark_release_done, releases, reopen_release_request
from entitlements.views.renewals import calendar_feed, calendar_file, renewals, revoke_calendar_address
from entitlements.views.trials import trial_action, trial_request, trials
from entitlements.views.usage import customer_usage, customer_usage_trend, usage, usage_of_customers, usage_trend

urlpatterns = [
    path("customers/", customers, name="customers"),
    path("customers/<uuid:customer_id>/services/", customer_services, name="customer_services"),
    path("customers/<uuid:customer_id>/orders/", customer_orders, name="customer_orders"),
    path("customers/<uuid:customer_id>/usage/", customer_usage, name="customer_usage"),
    path("customers/<uuid:customer_id>/usage/trend/", customer_usage_trend, name="customer_usage_trend"),
    path("usage/", usage, name="usage"),
    path("usage/trend/", usage_trend, name="usage_trend"),
    path("usage/customers/", usage_of_customers, name="usage_of_customers"),
    path("usage/licences/", licence_holders, name="licence_holders"),
    path("usage/licences/<uuid:assignment_id>/release/", licence_release, name="licence_release"),
    path("usage/licences/<uuid:assignment_id>/keep/", licence_keep, name="licence_keep"),
    path("services/", services, name="services"),
    path("services/trial/", trial_request, name="trial_request"),
    path("orders/", orders, name="orders"),
    path("renewals/", renewals, name="renewals"),
    path("renewals/calendar/", calendar_feed, name="calendar_feed"),
    path("renewals/calendar/revoke/", revoke_calendar_address, name="calendar_revoke"),
    path("calendar/<str:token>.ics", calendar_file, name="calendar"),
    path("trials/", trials, name="trials"),
    *(
        path(f"trials/<uuid:trial_id>/{name}/", trial_action, {"name": name}, name=f"trial_{name}")
        for name in TRIAL_ACTIONS
    ),
    path("releases/", releases, name="releases"),
    path("releases/mark/", mark_release_done, name="release_mark"),
    path("releases/reopen/", reopen_release_request, name="release_reopen"),
]
