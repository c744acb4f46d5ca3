"""Reading a trajectory: nearest tokens, projections, loss along the path."""
