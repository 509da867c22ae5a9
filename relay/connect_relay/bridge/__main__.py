"""`connect-bridge`, if what it needs is installed."""

from connect_protocol.extras import coming_with

with coming_with("relay"):
    from connect_relay.bridge.cli import main

if __name__ == "__main__":
    main()
