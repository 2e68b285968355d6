"""Sight by the portfolio, as SQL for the policies of the tables that customers share."""

from partnerportal.lib.scopes import Scope


def shares_with_tenant_sql(column: str, scope: Scope) -> str:
    """Return the SQL condition of a policy that the organisation in `column` shares `scope` with the tenant.

    It is a scalar sub-select on the portfolio's unique index: with IN or EXISTS it was 3 to 100 times slower. An
    organisation shares everything with itself. Orders of others need the person's finance sight too (E-13).
    """
    conditions = f"p.subject_id = {column}{make_scope_condition_sql(scope)}{_finance_sql(scope)}"
    return f"""(SELECT true FROM connections_portfolio p
        WHERE p.viewer_id = portal_org() AND {conditions})"""  # noqa: S608 - for migrations


def _finance_sql(scope: Scope) -> str:
    return " AND (p.subject_id = p.viewer_id OR (SELECT portal_sees_finance()))" if Scope.ORDERS in scope else ""


def make_scope_condition_sql(scope: Scope) -> str:
    """Return the SQL condition, beginning with AND, that a row `p` of the portfolio shares `scope`.

    It is empty for account data, which every row shares.
    """
    return "" if scope in Scope.ACCOUNT else f" AND p.scopes & {scope:d} = {scope:d}"
