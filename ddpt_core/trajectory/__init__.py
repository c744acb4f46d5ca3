"""The recorded steps of one reverse run, in memory and on disk."""
