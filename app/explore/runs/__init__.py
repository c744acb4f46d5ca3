"""The runs that can be looked at, and what is worked out of one."""
