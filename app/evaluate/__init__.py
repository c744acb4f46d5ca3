"""The Evaluate tab: every arm on many tasks."""
