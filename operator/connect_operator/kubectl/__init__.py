"""`kubectl connect`: what people on call do with ConnectJobs, by kubectl's own ways and rights."""
