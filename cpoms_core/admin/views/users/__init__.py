"""Users, by page: the lists, adding, deactivating and taking back, and the tabs of a profile."""
