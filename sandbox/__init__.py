"""Runs programs that nobody has read, with tests whose verdict the program cannot touch; README.md says what holds."""
