"""What comes in: a UONET+ export is read, cleaned, validated and turned into drafts."""
