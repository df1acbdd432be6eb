//! What is counted of who comes, against a second computation.
