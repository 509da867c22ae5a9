"""`connect-worker`, if what it needs is installed."""

from connect_protocol.extras import coming_with

with coming_with("worker"):
    from connect_worker.cli import main

if __name__ == "__main__":
    main()
