"""What every tab uses: theme, services, streams of long work, sessions, addresses, uploads."""
