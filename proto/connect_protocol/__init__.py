"""What crosses a process border: exit codes, environment, the Secrets' keys, the report. Standard library only."""
