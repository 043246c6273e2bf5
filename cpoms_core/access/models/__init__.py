"""Tables of access: accounts, keys and sessions belong to no school; users and their rights do."""

from cpoms_core.access.models.accounts import (
    Account,
    EmailChange,
    Membership,
    ResetLink,
)
from cpoms_core.access.models.keys import (
    ApprovingDevice,
    KeyChallenge,
    LoginApproval,
    SecurityKey,
    SoftKey,
)
from cpoms_core.access.models.sessions import (
    FailureCount,
    HandOff,
    LoginSession,
    PortalSession,
)
from cpoms_core.access.models.users import (
    AlertGroup,
    AlertGroupMember,
    ClassAccess,
    ClassRestriction,
    GroupCategory,
    GroupPermission,
    NewClass,
    OpenIdProvider,
    OpenIdSubject,
    User,
    UserGroup,
)

__all__ = [
    "Account",
    "AlertGroup",
    "AlertGroupMember",
    "ApprovingDevice",
    "ClassAccess",
    "ClassRestriction",
    "EmailChange",
    "FailureCount",
    "GroupCategory",
    "GroupPermission",
    "HandOff",
    "KeyChallenge",
    "LoginApproval",
    "LoginSession",
    "Membership",
    "NewClass",
    "OpenIdProvider",
    "OpenIdSubject",
    "PortalSession",
    "ResetLink",
    "SecurityKey",
    "SoftKey",
    "User",
    "UserGroup",
]
