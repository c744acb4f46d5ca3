"""Tasks: what is asked, the reference, the tests; readers of public formats and our own families."""
