"""Fault injection: senders that are killed, stopped and starved, and what their server received."""
