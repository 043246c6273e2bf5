"""Prints: PDFs of incidents and of students' records."""
