"""The relay's protocol: messages (v1), frames, credit, and the pump between a socket and a stream of frames."""
