"""The served models: admission, budgets, reload, from start to drain."""
