"""What a step's context is beyond its nearest tokens, below the viewer."""
