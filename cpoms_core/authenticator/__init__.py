"""The authenticator: our web app for a phone that shows codes offline and answers log-ins (ACC-10)."""
