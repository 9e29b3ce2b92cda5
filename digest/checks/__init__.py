"""Checks: each looks at one thing and says what it found; none changes or sends anything."""
