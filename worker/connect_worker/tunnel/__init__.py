"""The worker's end of the relay: listeners on loopback whose connections come out in the customer's network."""
