"""Judging code: text metrics, unit tests in a sandbox, statistics, arms side by side."""
