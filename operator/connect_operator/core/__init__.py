"""What the operator decides: from what is observed to what is wanted, told and written. Pure."""
