//! Layers, losses, optimizers, schedules.
