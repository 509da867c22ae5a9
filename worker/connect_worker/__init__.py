"""The worker: one customer's night, from the school's database to its directory."""
