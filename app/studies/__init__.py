"""The studies' page of the Evaluate tab."""
