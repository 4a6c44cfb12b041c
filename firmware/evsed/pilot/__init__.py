"""The safety process: it alone holds the contactor, and it imports nothing that could make it wait."""
