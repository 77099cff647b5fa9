"""Door 2: OneRoster 1.1 and 1.2, read only, for School Data Sync and Google Classroom."""
