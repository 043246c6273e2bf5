"""Charts: one Vega-Lite specification, a plain dict, for the page, the saved picture and the PDF."""
