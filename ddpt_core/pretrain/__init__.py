"""Text and code of our own to train a small model of code on, from scratch: nothing outside this folder imports it."""
