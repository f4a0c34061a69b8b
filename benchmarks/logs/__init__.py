"""The log store beside plain files with grep, and beside the journal of systemd."""
