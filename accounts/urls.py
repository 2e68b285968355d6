from django.urls import path

from accounts.organization_actions import ORGANIZATION_ACTIONS
from accounts.views import account, domains, invitations, joins, lists, operators, organizations, security

urlpatterns = [
    path("account/edit/", account.account_edit, name="account_edit"),
    path("organizations/new/", account.organization_create, name="organization_new"),
    path("organizations/switch/", account.organization_switch, name="organization_switch"),
    path("operators/", operators.operator_list, name="operators"),
    path("operators/add/", operators.operator_add, name="operator_add"),
    path("operators/pending/", operators.pending_operator_list, name="pending_operators"),
    path(
        "operators/pending/<uuid:invitation_id>/resend/",
        operators.operator_invitation_resend,
        name="operator_invitation_resend",
    ),
    path(
        "operators/pending/<uuid:invitation_id>/link/",
        operators.operator_invitation_link,
        name="operator_invitation_link",
    ),
    path(
        "operators/pending/<uuid:invitation_id>/withdraw/",
        operators.operator_invitation_withdraw,
        name="operator_invitation_withdraw",
    ),
    path("operators/<uuid:operator_id>/roles/", operators.operator_roles_edit, name="operator_roles"),
    path("operators/<uuid:operator_id>/remove/", operators.operator_remove, name="operator_remove"),
    path("join/<str:token>/", invitations.operator_invitation_page, name="operator_invitation"),
    path("join/<str:token>/continue/", invitations.operator_invitation_open, name="operator_invitation_open"),
    path("join/<str:token>/accept/", invitations.operator_invitation_accept, name="operator_invitation_accept"),
    path("join/<str:token>/leave/", invitations.operator_invitation_leave, name="operator_invitation_leave"),
    path("organizations/register/<str:kind>/", organizations.organization_register, name="organization_register"),
    path("organizations/<uuid:organization_id>/", organizations.organization_page, name="organization"),
    path(
        "organizations/<uuid:organization_id>/operators/",
        organizations.organization_operators,
        name="organization_operators",
    ),
    path(
        "organizations/<uuid:organization_id>/memberships/",
        organizations.organization_memberships,
        name="organization_memberships",
    ),
    *(
        path(
            f"organizations/<uuid:organization_id>/{name}/",
            organizations.organization_action,
            {"name": name},
            name=f"organization_{name}",
        )
        for name in ORGANIZATION_ACTIONS
    ),
    path("publishers/", organizations.publisher_list, name="publishers"),
    path("programmes/", organizations.membership_list, name="memberships"),
    path("organizations/join/", joins.organization_join, name="organization_join"),
    path("operators/requests/<uuid:request_id>/grant/", joins.join_request_grant, name="join_request_grant"),
    path("operators/requests/<uuid:request_id>/decline/", joins.join_request_decline, name="join_request_decline"),
    path("domains/", domains.domain_list, name="domains"),
    path("domains/new/", domains.domain_create, name="domain_new"),
    path("domains/<uuid:domain_id>/check/", domains.domain_check, name="domain_check"),
    path("domains/<uuid:domain_id>/remove/", domains.domain_remove, name="domain_remove"),
    path("security/", security.organization_security, name="organization_security"),
    path("security/second-factor/", security.second_factor_rule_change, name="second_factor_rule"),
    path("me/first-steps/dismiss/", account.dismiss_first_steps, name="first_steps_dismiss"),
    path("me/first-steps/restore/", account.restore_first_steps, name="first_steps_restore"),
    path("me/set/", account.set_preference, name="preference_set"),
    path("me/", account.edit_preferences, name="preferences"),
    path("lists/<str:list_key>/display/", lists.edit_list_display, name="list_display"),
    path("lists/<str:list_key>/filters/", lists.edit_list_filters, name="list_filters"),
    path("lists/<str:list_key>/views/new/", lists.saved_view_create, name="view_new"),
    path("lists/views/<uuid:view_id>/", lists.saved_view_edit, name="view_change"),
    path("lists/views/<uuid:view_id>/query/", lists.saved_view_replace_query, name="view_query"),
    path("lists/views/<uuid:view_id>/default/", lists.saved_view_set_default, name="view_default"),
    path("lists/views/<uuid:view_id>/delete/", lists.saved_view_delete, name="view_delete"),
]
