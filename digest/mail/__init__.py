"""From an edition to bytes on the wire: rendered once, composed for each reader, handed over."""
