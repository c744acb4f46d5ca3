"""What is learned, a context for the frozen backbone: how each arm makes one, and how it lies on disk."""
