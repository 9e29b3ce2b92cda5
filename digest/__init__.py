"""The daily edition, from feed to inbox."""
