"""What the studies' page draws."""
