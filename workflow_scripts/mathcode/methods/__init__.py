"""What a method is (methods/method.py), and a room for each."""
