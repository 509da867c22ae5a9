"""The bridge: what runs in the customer's network, and what its people install and examine it with."""
