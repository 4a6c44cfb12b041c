"""`evsed record`: reads what the pilot's flight recorder wrote, draws it and tells it in words."""
