"""How many actions a tumour takes: completed from few contours, or proposed, beside slice by slice."""
