"""The domain in frozen types. Pure."""
