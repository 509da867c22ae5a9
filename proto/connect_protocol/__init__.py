"""What crosses a process border: exit codes, environment, the Secrets' keys, the report, and the relay's protocol.

Standard library only, but for `relay`, which needs protobuf.
"""
