"""Judging code: metrics of text, tests run in the sandbox, statistics."""
