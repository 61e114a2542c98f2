"""Accuracy, code rates, pass@k, intervals and tests."""
