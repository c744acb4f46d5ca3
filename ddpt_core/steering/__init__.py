"""Steering: a library of prompts tuned to styles, and how well a prompt then follows a style."""
