"""What a person orders by a command, each a run of its own."""
