"""How large a run that comes from outside may be."""

MAX_BYTES = 200_000_000  # of its files once unpacked: 2,000 steps of 16 positions of width 768 are 197 MB
MAX_STEPS = 2_000  # as the app records them
MAX_POSITIONS = 512  # as a DDPT prompt may have them
