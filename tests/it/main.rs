//! Tests of the application, from outside.
