"""The Explore tab: a run as a picture, and what it leads to."""
