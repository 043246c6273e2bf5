"""The keys of an account: authenticators (codes) and security keys (WebAuthn); adding,
using, removing them."""
