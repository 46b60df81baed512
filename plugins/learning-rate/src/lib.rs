//! Learning-rate schedules and the learning-rate finder.
