"""The operator: every ConnectJob becomes a CronJob, and every run's end becomes the ConnectJob's status."""
