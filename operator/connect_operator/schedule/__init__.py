"""Schedules: cron's grammar with `H`, time zones, the next run. Pure."""
