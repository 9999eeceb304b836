"""The half-sector controllers: protocol, readings, configuration, snapshot file."""
