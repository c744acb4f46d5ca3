"""Studies: every arm trained, chosen on validation and reported with intervals, from one plan and one command."""
