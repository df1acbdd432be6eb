//! What is counted of the log, and how it is shown.
