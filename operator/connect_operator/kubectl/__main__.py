"""`kubectl-connect`, if what it needs is installed."""

from connect_protocol.extras import coming_with

with coming_with("kubectl", lock="operator"):
    from connect_operator.kubectl.cli import main

if __name__ == "__main__":
    main()
