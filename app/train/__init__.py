"""The Train tab: a prompt of one's own."""
