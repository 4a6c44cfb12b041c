"""The rules of the station: pure; `now` is an argument; effects come back."""
