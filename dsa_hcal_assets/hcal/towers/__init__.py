"""The tower tables: controllers' snapshots become rows of towers."""
