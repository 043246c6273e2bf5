"""Pages of the administration, each for those with the permission `admin`, which counts with a key only."""
