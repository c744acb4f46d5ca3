"""The studies that lie on disk, and what can be read of them."""
