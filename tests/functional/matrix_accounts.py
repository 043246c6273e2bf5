"""The permission matrix of the accounts' own host (ACC-03, ACC-04), by hand like `matrix`. The people there:
`nobody` has no cookie, `stranger` brings a school's session in the cookie's place, `ended` an SSO log-in that
was ended, `locked` one that was idle for too long; `restricted` and `elevated` are in, and hold a key."""

from __future__ import annotations

from matrix import Row

PEOPLE = "nobody stranger ended locked restricted elevated"
EVERYONE = PEOPLE
OWNER = "restricted elevated"  # who is logged in
LOGGED_IN = "locked restricted elevated"  # or has to give the password again

SIGHT = {
    "own school": {"served": OWNER, "not served": "", "deactivated there": ""},
    "own key": {"ours": OWNER, "removed": "", "of somebody else": ""},
    "own log-in": {"another of ours": OWNER, "of somebody else": ""},
}
"""Kind of object -> each object -> who may see it, whatever is asked."""

AT_ACCOUNTS = [
    # logging in
    Row("GET", "portal-login", EVERYONE),
    Row("POST", "portal-login", EVERYONE),
    Row("POST", "portal-logout", EVERYONE),
    Row("GET", "portal-forgotten", EVERYONE),
    Row("POST", "portal-forgotten", EVERYONE),
    Row("GET", "portal-forgotten-sent", EVERYONE),
    Row("GET", "portal-new-password", EVERYONE, fields={"token": "no-such-token"}),
    Row("POST", "portal-new-password", EVERYONE, fields={"token": "no-such-token"}),
    Row("POST", "portal-lock", EVERYONE),
    Row("GET", "portal-unlock", LOGGED_IN),
    Row("POST", "portal-unlock", LOGGED_IN),
    Row("POST", "portal-active", OWNER, json={"idle_seconds": 0}),
    Row("GET", "portal-session-token", OWNER),
    # the portal
    Row("GET", "portal-home", OWNER),
    Row("GET", "portal-account", OWNER),
    Row("GET", "portal-email", OWNER),
    Row("POST", "portal-email", OWNER),
    Row("GET", "portal-password", OWNER),
    Row("POST", "portal-password", OWNER),
    Row("GET", "portal-alerts", OWNER, "own school"),
    Row("POST", "portal-alerts", OWNER, "own school"),
    Row("GET", "portal-confirm", EVERYONE, fields={"token": "no-such-token"}),
    Row("POST", "portal-confirm", EVERYONE, fields={"token": "no-such-token"}),
    Row("GET", "portal-logins", OWNER),
    Row("POST", "portal-login-end", OWNER, "own log-in"),
    Row("POST", "portal-logins-end", OWNER),
    Row("GET", "portal-go", OWNER, "own school", fields={"?state": "0" * 64}),
    # its keys
    Row("GET", "portal-keys", OWNER),
    Row("GET", "portal-key-add", OWNER),
    Row("POST", "portal-key-add", OWNER),
    Row("GET", "portal-key-register", OWNER),
    Row("POST", "portal-key-register", OWNER),
    Row("POST", "portal-key-register-question", OWNER),
    Row("GET", "portal-key-rename", OWNER, "own key"),
    Row("POST", "portal-key-rename", OWNER, "own key"),
    Row("GET", "portal-key-remove", OWNER, "own key"),
    Row("POST", "portal-key-remove", OWNER, "own key"),
    Row("GET", "portal-elevate", OWNER),
    Row("POST", "portal-elevate", OWNER),
    Row("POST", "portal-elevate-question", OWNER),
    Row("POST", "portal-approval-start", OWNER),
    Row("GET", "portal-approval-state", OWNER),
    Row("POST", "portal-approval-finish", OWNER),
    # the authenticator: a phone has no session here
    Row("GET", "authenticator-bare", EVERYONE),
    Row("GET", "authenticator", EVERYONE),
    Row("GET", "authenticator-manifest", EVERYONE),
    Row("GET", "authenticator-worker", EVERYONE),
    Row("GET", "authenticator-nonce", EVERYONE),
    Row("POST", "authenticator-enrol", EVERYONE, json={}),
    Row("POST", "authenticator-pending", EVERYONE, json={}),
    Row("POST", "authenticator-decide", EVERYONE, json={}),
]
