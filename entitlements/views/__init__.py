from entitlements.views.customers import customer_orders, customer_services, customers
from entitlements.views.holders import licence_holders, licence_keep, licence_release
from entitlements.views.own import orders, services
from entitlements.views.releases import release_mark, release_reopen, releases
from entitlements.views.renewals import calendar_feed, calendar_file, calendar_revoke, renewals
from entitlements.views.trials import trial_action, trial_request, trials
from entitlements.views.usage import (
    customer_usage,
    customer_usage_trend,
    usage,
    usage_of_customers,
    usage_trend,
)

__all__ = [
    "calendar_feed",
    "calendar_file",
    "calendar_revoke",
    "customer_orders",
    "customer_services",
    "customer_usage",
    "customer_usage_trend",
    "customers",
    "licence_holders",
    "licence_keep",
    "licence_release",
    "orders",
    "release_mark",
    "release_reopen",
    "releases",
    "renewals",
    "services",
    "trial_action",
    "trial_request",
    "trials",
    "usage",
    "usage_of_customers",
    "usage_trend",
]
