"""The worker's end of the relay: listeners on loopback whose connections come out in the customer's network."""

import os

from connect_protocol.relay.service import library

os.environ.update(library(os.environ))

# gRPC reads this too when it is loaded, and would else write lines of its own between those of the log; what its calls
# raise says the same.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
