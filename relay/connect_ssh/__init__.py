"""What all our ends of an SSH connection have alike: relay, bridge and worker."""
