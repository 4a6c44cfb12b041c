"""A wallbox made of wires: simulated vehicle, meter, reader and central system, for a laptop and for CI."""
