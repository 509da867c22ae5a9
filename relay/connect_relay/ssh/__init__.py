"""The relay as an SSH server: bridges and workers that come with a key."""
