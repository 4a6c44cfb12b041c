"""What must outlive a power cut: one SQLite file with one writer."""
