"""Pure: values in, values out; no clock, SQL, network, files or randomness."""
