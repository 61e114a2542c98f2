"""Cases with sure labels, what a critic reads of them, and judges with a critic in them."""
