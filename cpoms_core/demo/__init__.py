"""Hillside School, which does not exist: the data of the demonstration and of the larger tests."""
