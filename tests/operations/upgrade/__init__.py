"""An app with a migration of its own: what an upgrade brings."""
