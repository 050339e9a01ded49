"""Models that are served: admission, budgets, reload, from start to drain."""
