from entitlements.queries.customers import (
    AHEAD,
    SOON,
    PortfolioNumbers,
    catalogue,
    customer,
    customer_activity,
    customers,
    needing_attention,
    orders,
    portfolio,
    programs_that_grant,
    services,
)

__all__ = [
    "AHEAD",
    "SOON",
    "PortfolioNumbers",
    "catalogue",
    "customer",
    "customer_activity",
    "customers",
    "needing_attention",
    "orders",
    "portfolio",
    "programs_that_grant",
    "services",
]
