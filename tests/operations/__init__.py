"""docs/operations.md as a program: `make test-operations` runs every shell block of the page."""
