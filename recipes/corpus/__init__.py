"""Text and code of our own to train a small model of code on, from scratch: nothing at run time imports it."""
