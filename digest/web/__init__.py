"""The web: handlers read a request, call one story, and show the answer. GET changes nothing."""
