"""What is compared: columns, the board that they fill, lists of boards, and their exports."""
