"""What the tabs draw: pure functions from results to Plotly figures or to HTML in which all text is escaped."""
