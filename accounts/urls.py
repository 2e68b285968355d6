from django.urls import path

from accounts.views import account, domains, lists, security

urlpatterns = [
    path("account/edit/", account.account_edit, name="account_edit"),
    path("organizations/new/", account.organization_create, name="organization_new"),
    path("organizations/switch/", account.organization_switch, name="organization_switch"),
    path("operators/", account.operator_list, name="operators"),
    path("operators/<uuid:operator_id>/roles/", account.operator_roles_edit, name="operator_roles"),
    path("operators/<uuid:operator_id>/remove/", account.operator_remove, name="operator_remove"),
    path("domains/", domains.domain_list, name="domains"),
    path("domains/new/", domains.domain_create, name="domain_new"),
    path("domains/<uuid:domain_id>/check/", domains.domain_check, name="domain_check"),
    path("domains/<uuid:domain_id>/remove/", domains.domain_remove, name="domain_remove"),
    path("security/", security.organization_security, name="organization_security"),
    path("security/second-factor/", security.second_factor_rule_change, name="second_factor_rule"),
    path("me/", account.edit_preferences, name="preferences"),
    path("lists/<str:list_key>/display/", lists.edit_list_display, name="list_display"),
    path("lists/<str:list_key>/views/new/", lists.saved_view_create, name="view_new"),
    path("lists/views/<uuid:view_id>/", lists.saved_view_edit, name="view_change"),
    path("lists/views/<uuid:view_id>/query/", lists.saved_view_replace_query, name="view_query"),
    path("lists/views/<uuid:view_id>/default/", lists.saved_view_set_default, name="view_default"),
    path("lists/views/<uuid:view_id>/delete/", lists.saved_view_delete, name="view_delete"),
]
