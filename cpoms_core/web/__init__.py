"""The plumbing between HTTP and the features: requests, security, the page frame, errors."""
