"""`make bench`: what the portal costs, as ratios measured in one run, against the goals in docs/performance.md."""
