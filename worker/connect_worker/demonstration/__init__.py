"""Connect at work on one's own machine: `python -m connect_worker.demonstration`, or `make run`."""
