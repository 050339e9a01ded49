"""What a calibration makes of scores: probabilities that mean what they say, and prediction sets."""
