"""`connect-operator`, if what it needs is installed."""

from connect_protocol.extras import coming_with

with coming_with("operator"):
    from connect_operator.cli import main

if __name__ == "__main__":
    main()
