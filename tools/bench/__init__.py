"""The program of `make bench`: ratios of what the portal costs, against the goals in docs/performance.md."""
