from django.urls import path

from entitlements.trial_actions import TRIAL_ACTIONS
from entitlements.views.customers import customer_list, customer_orders, customer_services
from entitlements.views.holders import licence_holders, licence_release, licence_release_withdraw
from entitlements.views.own import own_orders, own_services
from entitlements.views.partners import distributor_list, partner_list, partner_page
from entitlements.views.releases import licence_release_list, mark_release_done, reopen_release_request
from entitlements.views.renewals import calendar_feed, calendar_feed_revoke, calendar_file, renewal_list
from entitlements.views.trials import trial_action, trial_list, trial_request
from entitlements.views.usage import (
    customer_usage,
    customer_usage_trend,
    own_usage,
    own_usage_trend,
    usage_of_customers,
)

urlpatterns = [
    path("customers/", customer_list, name="customers"),
    path("customers/<uuid:customer_id>/services/", customer_services, name="customer_services"),
    path("customers/<uuid:customer_id>/orders/", customer_orders, name="customer_orders"),
    path("customers/<uuid:customer_id>/usage/", customer_usage, name="customer_usage"),
    path("customers/<uuid:customer_id>/usage/trend/", customer_usage_trend, name="customer_usage_trend"),
    path("partners/", partner_list, name="partners"),
    path("partners/<uuid:partner_id>/", partner_page, name="partner"),
    path("distributors/", distributor_list, name="distributors"),
    path("usage/", own_usage, name="usage"),
    path("usage/trend/", own_usage_trend, name="usage_trend"),
    path("usage/customers/", usage_of_customers, name="usage_of_customers"),
    path("usage/licences/", licence_holders, name="licence_holders"),
    path("usage/licences/<uuid:assignment_id>/release/", licence_release, name="licence_release"),
    path("usage/licences/<uuid:assignment_id>/keep/", licence_release_withdraw, name="licence_keep"),
    path("services/", own_services, name="services"),
    path("services/trial/", trial_request, name="trial_request"),
    path("orders/", own_orders, name="orders"),
    path("renewals/", renewal_list, name="renewals"),
    path("renewals/calendar/", calendar_feed, name="calendar_feed"),
    path("renewals/calendar/revoke/", calendar_feed_revoke, name="calendar_revoke"),
    path("calendar/<str:token>.ics", calendar_file, name="calendar"),
    path("trials/", trial_list, name="trials"),
    *(
        path(f"trials/<uuid:trial_id>/{name}/", trial_action, {"name": name}, name=f"trial_{name}")
        for name in TRIAL_ACTIONS
    ),
    path("releases/", licence_release_list, name="releases"),
    path("releases/mark/", mark_release_done, name="release_mark"),
    path("releases/reopen/", reopen_release_request, name="release_reopen"),
]
