"""Everything that decides. Pure: today and the source of randomness come in as arguments."""
