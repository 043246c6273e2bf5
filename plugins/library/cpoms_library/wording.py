"""The module's words: how its audit events read, and what a page says after a change."""

from __future__ import annotations

from cpoms_core.hooks.types import AuditWords

AUDIT = {
    "library.listed": AuditWords("Listed the files of the library", "viewed"),
    "library.searched": AuditWords("Searched the library", "searched"),
    "library.viewed": AuditWords("Opened the page of a file in the library", "viewed"),
    "library.opened": AuditWords("Opened a file of the library", "viewed"),
    "library.downloaded": AuditWords("Downloaded a file of the library", "viewed"),
    "library.added": AuditWords("Added files to the library", "changed"),
    "library.alerted": AuditWords("Alerted users to a file in the library", "changed"),
    "library.understood": AuditWords("Marked a file of the library as read and understood", "changed"),
    "library.alerts-removed": AuditWords("Took alerts to files of the library off a dashboard", "changed"),
    "library.readers": AuditWords("Looked at who has read a file of the library", "viewed"),
    "library.readers-saved": AuditWords("Downloaded who has read a file of the library", "viewed"),
    "library.deleted-listed": AuditWords("Listed the deleted files of the library", "viewed"),
    "library.deleted": AuditWords("Deleted a file from the library", "changed"),
    "library.restored": AuditWords("Restored a file of the library", "changed"),
    "library.destroyed": AuditWords("Removed a file of the library for good", "changed"),
}
SAID = {
    "library-added": "The files are in the library.",
    "library-added-alerted": "The files are in the library, and the people you chose are alerted.",
    "library-alerted": "The people you chose are alerted to the file.",
    "library-alerted-before": "All of them have an open alert to this file already. Nobody was told again.",
    "library-understood": "Marked as read and understood.",
    "library-deleted": "The file is deleted. It is kept under Deleted files, from where it can be restored.",
    "library-restored": "The file is back, with its alerts.",
}
"""What a page says after a redirect, by the code in its address: no text travels in addresses."""
