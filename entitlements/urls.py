from django.urls import path

from entitlements.trial_actions import TRIAL_ACTIONS
from entitlements.views.activation import (
    activation_change,
    activation_copy,
    activation_link,
    activation_resend,
    activation_revoke,
    activation_send,
    partner_confirm,
    partner_decline,
    pending_customers,
    pending_partners,
)
from entitlements.views.activation_accept import activation_accept, activation_open, activation_page
from entitlements.views.customers import customer_list, customer_orders, customer_services
from entitlements.views.feeds import feed_list, feed_token_create, feed_token_revoke, feed_upload
from entitlements.views.holders import licence_holders, licence_release, licence_release_withdraw
from entitlements.views.own import own_orders, own_services
from entitlements.views.partners import distributor_list, partner_list, partner_page
from entitlements.views.releases import licence_release_list, mark_release_done, reopen_release_request
from entitlements.views.renewal_work import renewal_work, renewal_work_undo
from entitlements.views.renewals import calendar_feed, calendar_feed_revoke, calendar_file, renewal_list
from entitlements.views.sold import sold_orders, sold_services
from entitlements.views.trial_offers import (
    trial_offer_edit,
    trial_offer_list,
    trial_offer_new,
    trial_offer_withdraw,
)
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
    path("customers/pending/", pending_customers, name="pending_customers"),
    path("partners/pending/", pending_partners, name="pending_partners"),
    path("activations/<str:kind>/new/", activation_send, name="activation_send"),
    path("activations/<uuid:link_id>/", activation_link, name="activation_link"),
    path("activations/<uuid:link_id>/change/", activation_change, name="activation_change"),
    path("activations/<uuid:link_id>/resend/", activation_resend, name="activation_resend"),
    path("activations/<uuid:link_id>/copy/", activation_copy, name="activation_copy"),
    path("activations/<uuid:link_id>/revoke/", activation_revoke, name="activation_revoke"),
    path("activations/<uuid:link_id>/confirm/", partner_confirm, name="partner_confirm"),
    path("activations/<uuid:link_id>/decline/", partner_decline, name="partner_decline"),
    path("activate/<str:token>/", activation_page, name="activation"),
    path("activate/<str:token>/open/", activation_open, name="activation_open"),
    path("activate/<str:token>/accept/", activation_accept, name="activation_accept"),
    path("customers/<uuid:customer_id>/services/", customer_services, name="customer_services"),
    path("customers/<uuid:customer_id>/orders/", customer_orders, name="customer_orders"),
    path("customers/<uuid:customer_id>/usage/", customer_usage, name="customer_usage"),
    path("customers/<uuid:customer_id>/usage/trend/", customer_usage_trend, name="customer_usage_trend"),
    path("partners/", partner_list, name="partners"),
    path("partners/<uuid:partner_id>/", partner_page, name="partner"),
    path("distributors/", distributor_list, name="distributors"),
    path("organizations/<uuid:organization_id>/services/", sold_services, name="organization_services"),
    path("organizations/<uuid:organization_id>/orders/", sold_orders, name="organization_orders"),
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
    path("renewals/<uuid:entitlement_id>/", renewal_work, name="renewal_work"),
    path("renewals/<uuid:entitlement_id>/undo/", renewal_work_undo, name="renewal_work_undo"),
    path("renewals/calendar/", calendar_feed, name="calendar_feed"),
    path("renewals/calendar/revoke/", calendar_feed_revoke, name="calendar_revoke"),
    path("calendar/<str:token>.ics", calendar_file, name="calendar"),
    path("trials/", trial_list, name="trials"),
    path("trials/offers/", trial_offer_list, name="trial_offers"),
    path("trials/offers/new/", trial_offer_new, name="trial_offer_new"),
    path("trials/offers/<uuid:offer_id>/", trial_offer_edit, name="trial_offer_edit"),
    path("trials/offers/<uuid:offer_id>/withdraw/", trial_offer_withdraw, name="trial_offer_withdraw"),
    *(
        path(f"trials/<uuid:trial_id>/{name}/", trial_action, {"name": name}, name=f"trial_{name}")
        for name in TRIAL_ACTIONS
    ),
    path("feeds/", feed_list, name="feeds"),
    path("feeds/tokens/new/", feed_token_create, name="feed_token_create"),
    path("feeds/tokens/<uuid:token_id>/revoke/", feed_token_revoke, name="feed_token_revoke"),
    path("feeds/uploads/<uuid:upload_id>/", feed_upload, name="feed_upload"),
    path("releases/", licence_release_list, name="releases"),
    path("releases/mark/", mark_release_done, name="release_mark"),
    path("releases/reopen/", reopen_release_request, name="release_reopen"),
]
