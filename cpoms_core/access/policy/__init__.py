"""THE permission rules (USR-12), as SQL conditions. Every list, search, count, chart, export and page goes
through them, and nothing else decides who may see a row.

Each rule is written for `Eyes`: whoever looks, as SQL expressions. For the viewer of a request they are
constants; for "who could see this?" they are the columns of `User`. One rule, both questions. A file for each
thing that is seen; what others ask for is named here.
"""

from cpoms_core.access.policy.alerts import (
    open_alerts_of,
    own_alerts,
    own_read_alerts,
    unread_alerts,
)
from cpoms_core.access.policy.audit import audits, audits_about_student
from cpoms_core.access.policy.categories import (
    addable_categories,
    monitored_categories,
    readable_categories,
)
from cpoms_core.access.policy.documents import (
    in_vault_of,
    kept_documents,
    own_prepared_files,
    rightful_documents,
    visible_documents,
)
from cpoms_core.access.policy.editing import (
    alertable_incidents,
    editable_actions,
    editable_incidents,
    kept_actions,
    kept_incidents,
    known_incidents,
    merged_incidents,
    split_actions,
    training_actions,
    training_incidents,
)
from cpoms_core.access.policy.incidents import (
    names_told_in,
    rightful_incidents,
    rightful_of_visible,
    student_names_in,
    to_what_is_there,
    visible_actions,
    visible_incidents,
)
from cpoms_core.access.policy.linked import (
    action_files_on_linked,
    action_kept_off_somebody,
    action_on_linked,
)
from cpoms_core.access.policy.sight import USER, Sight, eyes_of_users, for_rights, forget_what_is_kept, who
from cpoms_core.access.policy.students import (
    choosable_students,
    editable_students,
    matched_records,
    student_records,
    visible_students,
)
from cpoms_core.access.policy.users import (
    administrators,
    device_counts,
    holds_key,
    key_counts,
    key_holders,
    portal_goes_on,
)
from cpoms_core.access.policy.users_sight import (
    LACKING,
    category_seen_by_user,
    lacking,
    told_automatically,
    who_opens,
    who_sees,
    who_would_see,
)
from cpoms_core.access.policy.why import parts

__all__ = [
    "LACKING",
    "USER",
    "Sight",
    "action_files_on_linked",
    "action_kept_off_somebody",
    "action_on_linked",
    "addable_categories",
    "administrators",
    "alertable_incidents",
    "audits",
    "audits_about_student",
    "category_seen_by_user",
    "choosable_students",
    "device_counts",
    "editable_actions",
    "editable_incidents",
    "editable_students",
    "eyes_of_users",
    "for_rights",
    "forget_what_is_kept",
    "holds_key",
    "in_vault_of",
    "kept_actions",
    "kept_documents",
    "kept_incidents",
    "key_counts",
    "key_holders",
    "known_incidents",
    "lacking",
    "matched_records",
    "merged_incidents",
    "monitored_categories",
    "names_told_in",
    "open_alerts_of",
    "own_alerts",
    "own_prepared_files",
    "own_read_alerts",
    "parts",
    "portal_goes_on",
    "readable_categories",
    "rightful_documents",
    "rightful_incidents",
    "rightful_of_visible",
    "split_actions",
    "student_names_in",
    "student_records",
    "to_what_is_there",
    "told_automatically",
    "training_actions",
    "training_incidents",
    "unread_alerts",
    "visible_actions",
    "visible_documents",
    "visible_incidents",
    "visible_students",
    "who",
    "who_opens",
    "who_sees",
    "who_would_see",
]
