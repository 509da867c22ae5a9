"""The relay in the cluster, the bridge in the customer's network, and the certificates that tell who is who."""
