"""From desired and observed state to a plan, and to what it did."""
