"""Why nothing is run."""


class SandboxUnavailable(Exception):
    """This system lacks what the sandbox needs; nothing is run with less."""
